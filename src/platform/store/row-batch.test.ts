import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { rowBatch } from './row-batch.ts'

/** A batch of numbers whose store takes 10 ms, and refuses 13. */
function batch() {
  const world = new World()
  const { clock } = world.host('a')
  const stored: { at: number; rows: readonly number[] }[] = []
  const lost: number[] = []
  const rows = rowBatch<number>({
    clock,
    rows: 3,
    store: (taken) =>
      new Promise<void>((done, failed) => {
        stored.push({ at: clock.monotonic(), rows: taken })
        clock.after(10, () => (taken.includes(13) ? failed(new Error('refused')) : done()))
      }),
    lost: (taken) => lost.push(...taken),
  })
  return { world, rows, stored, lost }
}

describe('a batch of rows', () => {
  it('stores when there are enough, else when the first has waited long enough', async () => {
    const { world, rows, stored } = batch()

    for (const row of [1, 2, 3]) rows.add(row)
    await world.run(20)
    rows.add(4)
    await world.run(40)
    rows.add(5)
    await world.run(40)

    expect(stored).toEqual([
      { at: 0, rows: [1, 2, 3] },
      { at: 70, rows: [4, 5] },
    ])
  })

  it('has one statement running at a time, and the next one takes all that came meanwhile', async () => {
    const { world, rows, stored } = batch()

    for (const row of [1, 2, 3, 4, 5, 6, 7]) rows.add(row)
    await world.run(100)

    expect(stored).toEqual([
      { at: 0, rows: [1, 2, 3] },
      { at: 10, rows: [4, 5, 6, 7] },
    ])
  })

  it('is empty after a flush, and tells which rows are lost', async () => {
    const { world, rows, stored, lost } = batch()
    rows.add(13)
    rows.add(1)

    await world.complete(rows.flush())
    rows.add(2)
    await world.complete(rows.flush())
    await world.complete(rows.flush())

    expect(stored.map(({ rows }) => rows)).toEqual([[13, 1], [2]])
    expect(lost).toEqual([13, 1])
  })
})
