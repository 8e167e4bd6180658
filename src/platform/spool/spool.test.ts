import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { silentLog } from '../log/log.ts'
import { openSpool, type Spool } from './spool.ts'

const record = (n: number) => Buffer.from(`record ${n}`)
const texts = (records: readonly { bytes: Buffer }[]) => records.map(({ bytes }) => bytes.toString())
const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `record ${from + i}`)

function setUp() {
  const world = new World(7)
  const open = (more: { segmentBytes?: number; recentBytes?: number; leaveOut?: number; waitingBytes?: number } = {}) =>
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
    await world.runUntil(() => told > (position ?? 0))
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
    const positions: (number | undefined)[] = []
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

  it('keeps acknowledgements that could not be written with the next save', async () => {
    const { world, open, fill } = setUp()
    const spool = await open()
    await fill(spool, 1, 5)
    spool.acknowledge('a', 4)
    world.failDisk('node', 'no space left')
    await world.run(6000)
    world.failDisk('node')

    await world.complete(spool.close())

    expect((await open()).acknowledged('a')).toBe(4)
  })

  it.each([1000, 10])(
    'goes on by itself when a failing disk is well again (segments of %i bytes)',
    async (segmentBytes) => {
      const { world, open, fill } = setUp()
      const spool = await open({ segmentBytes })
      await fill(spool, 1, 3)
      world.failDisk('node', 'no space left')
      for (let n = 4; n <= 9; n++) {
        spool.append(record(n))
        await world.run(1500)
      }
      const during = { durable: spool.durable, trouble: spool.trouble }

      world.failDisk('node')
      await fill(spool, 10, 11)

      expect(during).toEqual({ durable: 4, trouble: expect.stringContaining('no space left') })
      expect(spool.trouble).toBeUndefined()
      expect(await all(world, spool, 11)).toEqual(numbered(1, 11))
      world.crash('node')
      expect(await all(world, await open(), 11)).toEqual(numbered(1, 11))
    },
  )

  it('lets so much wait for a failing disk and loses what comes beyond, and says so', async () => {
    const { world, open } = setUp()
    const spool = await open({ waitingBytes: 600_000 })
    const large = Buffer.alloc(100_000)
    world.failDisk('node', 'no space left')
    const before = Array.from({ length: 20 }, () => spool.append(large))
    await world.run(5000)
    const { trouble } = spool

    world.failDisk('node')
    await world.runUntil(() => spool.durable === 7)
    const after = spool.append(record(7))

    expect(before).toEqual([1, 2, 3, 4, 5, 6, ...Array.from({ length: 14 }, () => undefined)])
    expect(trouble).toContain('records are lost')
    expect(after).toBe(7)
  })

  it('never loses what it told, and never gives a position twice, however the disk fails and the power goes', async () => {
    const step = fc.record({
      records: fc.nat(4),
      wait: fc.integer({ min: 0, max: 2500 }),
      fails: fc.boolean(),
      crash: fc.boolean(),
    })

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const { world, open } = setUp()
        const given = new Set<number>()
        const told = new Map<number, string>()
        let spool = await open({ segmentBytes: 30, leaveOut: 100 })
        let durable = spool.durable
        for (const [index, { records, wait, fails, crash }] of steps.entries()) {
          for (let n = 0; n < records; n++) {
            const text = `record ${index}.${n}`
            const position = spool.append(Buffer.from(text)) as number
            expect(given.has(position)).toBe(false)
            given.add(position)
            told.set(position, text)
          }
          world.failDisk('node', fails ? 'input/output error' : undefined)
          await world.run(wait)
          durable = spool.durable
          if (!crash) continue
          world.failDisk('node')
          world.crash('node')
          spool = await open({ segmentBytes: 30, leaveOut: 100 })
          for (const position of told.keys()) if (position >= durable) told.delete(position)
        }
        world.failDisk('node')
        await world.run(5000)

        for (const [position, text] of told) {
          const [found] = await world.complete(spool.read(position, 1))
          expect([position, found?.bytes.toString()]).toEqual([position, text])
        }
      }),
      { numRuns: 200 },
    )
  })
})

/** Every record up to that position, read a few at a time. */
async function all(world: World, spool: Spool, last: number): Promise<string[]> {
  const found: string[] = []
  for (let at = 1; at <= last; ) {
    const records = await world.complete(spool.read(at, 4))
    if (records.length === 0) break
    found.push(...texts(records))
    at += records.length
  }
  return found
}
