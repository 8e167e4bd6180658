import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { silentLog } from '../log/log.ts'
import { openSpool, type Spool } from './spool.ts'

const record = (n: number) => Buffer.from(`record ${n}`)
const texts = (records: readonly { bytes: Buffer }[]) => records.map(({ bytes }) => bytes.toString())
const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `record ${from + i}`)

function setUp() {
  const world = new World(7)
  const open = (more: { segmentBytes?: number; recentBytes?: number; leaveOut?: number } = {}) =>
    world.complete(openSpool({ runtime: world.host('node'), directory: 'spool', log: silentLog, ...more }))
  const fill = async (spool: Spool, from: number, to: number) => {
    for (let n = from; n <= to; n++) spool.append(record(n))
    await world.runUntil(() => spool.durable > to)
  }
  return { world, open, fill }
}

describe('spool', () => {
  it('numbers records from 1 and gives them back in order', async () => {
    const { world, open, fill } = setUp()
    const spool = await open()
    await fill(spool, 1, 5)

    const records = await world.complete(spool.read(2, 3))

    expect(records.map(({ position }) => position)).toEqual([2, 3, 4])
    expect(texts(records)).toEqual(numbered(2, 4))
  })

  it('tells a record only when it survives a power loss', async () => {
    const { world, open } = setUp()
    const spool = await open()
    let told = 0
    spool.advanced(() => {
      told = spool.durable
    })

    const position = spool.append(record(1))
    expect(await world.complete(spool.read(1, 10))).toEqual([])
    await world.runUntil(() => told > position)
    expect(texts(await world.complete(spool.read(1, 10)))).toEqual(['record 1'])
  })

  it('goes on after a power loss: nothing told is lost, and positions go on after what is there', async () => {
    const { world, open, fill } = setUp()
    await fill(await open(), 1, 10)
    world.crash('node')

    const again = await open()
    await fill(again, 11, 12)

    expect(texts(await world.complete(again.read(1, 100)))).toEqual(numbered(1, 10))
    expect(texts(await world.complete(again.read(11, 100)))).toEqual(numbered(11, 12))
  })

  it('leaves out a record the power loss tore, and takes new ones after it', async () => {
    const { world, open, fill } = setUp()
    const spool = await open()
    await fill(spool, 1, 3)
    const file = await world.complete(world.host('node').disk.append('spool/000000000000001.spool'))
    file.append(Buffer.from([0, 0, 0, 99, 1, 2, 3]))
    await world.complete(file.sync())

    const again = await open()
    await fill(again, 4, 4)

    expect(texts(await world.complete(again.read(1, 100)))).toEqual(numbered(1, 3))
    expect(texts(await world.complete(again.read(4, 100)))).toEqual(['record 4'])
  })

  it('tells what became durable with the end of a segment, though nothing follows it', async () => {
    const { world, open } = setUp()
    const spool = await open({ segmentBytes: 10 })
    const told: number[] = []
    spool.advanced(() => {
      told.push(spool.durable)
      if (told.length === 1) spool.append(record(2))
    })

    spool.append(record(1))
    await world.run(1000)

    expect(told).toEqual([2, 3])
  })

  it('leaves out positions after each life, so that one told before it was durable never stands for another record', async () => {
    const { world, open } = setUp()
    const positions: number[] = []
    for (let life = 1; life <= 3; life++) {
      const spool = await open({ leaveOut: 100 })
      positions.push(spool.append(record(life)))
      world.crash('node')
    }
    const last = await open({ leaveOut: 100 })

    expect(positions).toEqual([1, 101, 201])
    expect(last.durable).toBe(301)
    expect(await world.complete(world.host('node').disk.list('spool'))).toHaveLength(1)
  })

  it('reads what is not in memory any more from its file', async () => {
    const { world, open, fill } = setUp()
    const spool = await open({ recentBytes: 0, segmentBytes: 100 })
    for (let n = 1; n <= 40; n++) await fill(spool, n, n)

    const all: string[] = []
    for (let at = 1; at <= 40; ) {
      const records = await world.complete(spool.read(at, 7))
      all.push(...texts(records))
      at += records.length
    }

    expect(all).toEqual(numbered(1, 40))
  })

  it('remembers what each reader has, and deletes what all have', async () => {
    const { world, open, fill } = setUp()
    const spool = await open({ segmentBytes: 60 })
    for (let n = 1; n <= 30; n++) await fill(spool, n, n)
    const files = async () => (await world.complete(world.host('node').disk.list('spool'))).length
    const before = await files()

    spool.acknowledge('a', 31)
    spool.acknowledge('b', 3)
    await world.run(5100)
    expect(await files()).toBeGreaterThan(before - 2)
    spool.acknowledge('b', 31)
    await world.run(5100)

    expect(await files()).toBeLessThan(4)
    await world.complete(spool.close())
    const again = await open()
    expect([again.acknowledged('a'), again.acknowledged('b')]).toEqual([31, 31])
    expect(again.acknowledged('new')).toBeGreaterThan(1)
  })
})
