import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { coordinationConformance } from './coordination.conformance.ts'
import { InProcessCoordination } from './in-process.ts'

coordinationConformance('one process', async () => {
  const world = new World()
  const { clock } = world.host('host')
  const coordination = new InProcessCoordination()
  return {
    participant: () => coordination.member(clock),
    until: (condition) => world.runUntil(condition),
  }
})

/** Coordination whose every write waits until it is let go, or fails. */
function slow() {
  const { clock } = new World().host('host')
  const writes: { entries: ReadonlyMap<string, string>; done: () => void; failed: (error: Error) => void }[] = []
  const keep = (entries: ReadonlyMap<string, string>) =>
    new Promise<void>((done, failed) => writes.push({ entries, done, failed }))
  return { member: new InProcessCoordination(new Map(), keep).member(clock), writes }
}
const settled = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

describe('coordination that is kept', () => {
  it('has a value when it is written, not before', async () => {
    const { member, writes } = slow()
    const set = member.compareAndSet('key', 0, 'a')
    await settled()
    const before = await member.get('key')

    writes[0]?.done()

    expect(await set).toMatchObject({ done: true, entry: { value: 'a' } })
    expect(before).toBeUndefined()
    expect(await member.get('key')).toMatchObject({ value: 'a' })
  })

  it('is as it was where a value cannot be written, and takes the next one', async () => {
    const { member, writes } = slow()
    const set = member.compareAndSet('key', 0, 'a')
    await settled()
    writes[0]?.failed(new Error('full'))
    await expect(set).rejects.toThrow('full')
    const after = await member.get('key')

    const next = member.compareAndSet('key', 0, 'b')
    await settled()
    writes[1]?.done()

    expect(after).toBeUndefined()
    expect((await next).done).toBe(true)
  })

  it('sets one after another: of two that expect the same the second one fails, and nothing is written over', async () => {
    const { member, writes } = slow()
    const sets = ['a', 'b'].map((value) => member.compareAndSet('key', 0, value))
    const other = member.compareAndSet('other', 0, 'c')
    await settled()
    writes[0]?.done()
    const outcomes = await Promise.all(sets)
    await settled()
    writes[1]?.done()
    await other

    expect(outcomes.map(({ done, entry }) => [done, entry?.value])).toEqual([
      [true, 'a'],
      [false, 'a'],
    ])
    expect(writes.map(({ entries }) => Object.fromEntries(entries))).toEqual([{ key: 'a' }, { key: 'a', other: 'c' }])
  })
})
