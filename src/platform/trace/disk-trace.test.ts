import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { type Log, silentLog } from '../log/log.ts'
import { noMetrics } from '../metrics/metrics.ts'
import { type DiskTrace, type DiskTraceOptions, openDiskTrace } from './disk-trace.ts'
import { kinds, largestRecord, readRecord, roomFor, type TraceRecord, writeRecord } from './record.ts'
import { markedCallID } from './share.ts'

const call = (at: number, more = 0) => {
  const hex = at.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(more).padStart(12, '0')}`
}
const invite = (callID: string, more = '') =>
  Buffer.from(`INVITE sip:1002@ringmain SIP/2.0\r\nFrom: <sip:1001@ringmain>\r\nCall-ID: ${callID}\r\n${more}\r\n`)

function setUp(options: Partial<DiskTraceOptions> = {}) {
  const world = new World(11)
  const lines: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (_, text) => lines.push(text ?? ''),
    error: (_, text) => lines.push(text ?? ''),
  }
  const open = () =>
    world.complete(
      openDiskTrace({
        runtime: world.host('node'),
        log,
        metrics: noMetrics,
        directory: 'data/trace',
        retention: () => ({ days: 7, megabytes: 1024 }),
        ...options,
      }),
    )
  const now = () => world.host('node').clock.wall()
  const files = () => world.complete(world.host('node').disk.list('data/trace'))
  const texts = async (trace: DiskTrace, callUUID: string) =>
    (await world.complete(trace.read(callUUID))).map(({ text }) => text.split('\r\n')[0])
  return { world, lines, open, now, files, texts }
}

describe('trace on disk', () => {
  it('gives back what belongs to a call in the order in which it was seen, and nothing of others', async () => {
    const { world, open, now } = setUp()
    const trace = await open()
    const [mine, other] = [call(now(), 1), call(now(), 2)]
    trace.message('phone', 'proxy1.dc1', invite('a'))
    trace.message('phone', 'proxy1.dc1', invite('b'))
    trace.belongs('a', mine)
    trace.belongs('b', other)
    await world.run(20)
    trace.note(mine, 'event', 'node1.dc1', 'clients', '{"name":"EventRinging"}')
    trace.note(other, 'event', 'node1.dc1', 'clients', '{"name":"EventQueued"}')
    trace.note(mine, 'routing', 'router', 'node1.dc1', 'chose 1001')
    await world.run(20)
    trace.message('proxy1.dc1', 'phone', Buffer.from('SIP/2.0 180 Ringing\r\ni: a\r\n\r\n'))

    const items = await world.complete(trace.read(mine))

    expect(items.map(({ kind, from, text }) => [kind, from, text.split('\r\n')[0]])).toEqual([
      ['sip', 'phone', 'INVITE sip:1002@ringmain SIP/2.0'],
      ['event', 'node1.dc1', '{"name":"EventRinging"}'],
      ['routing', 'router', 'chose 1001'],
      ['sip', 'proxy1.dc1', 'SIP/2.0 180 Ringing'],
    ])
    expect(items.map(({ at }) => at - (items[0]?.at ?? 0))).toEqual([0, 20, 20, 40])
  })

  it('finds a call across segments, and those written before a restart', async () => {
    const { world, open, now, files, texts } = setUp({ segmentBytes: 2000 })
    const trace = await open()
    const mine = call(now())
    trace.belongs('a', mine)
    for (let n = 0; n < 30; n++) {
      trace.message('phone', 'proxy', invite('a', `X-Number: ${n}\r\n`))
      trace.message('phone', 'proxy', invite('noise'))
      await world.run(150)
    }
    await world.complete(trace.close())
    const again = await open()
    again.note(mine, 'event', 'node', 'clients', 'after the restart')

    expect(await texts(again, mine)).toHaveLength(31)
    expect((await files()).length).toBeGreaterThan(3)
  })

  it('leaves out the torn end of a file and goes on in another after a power loss', async () => {
    const { world, open, now, texts } = setUp()
    const trace = await open()
    const mine = call(now())
    trace.note(mine, 'event', 'node', 'clients', 'kept')
    await texts(trace, mine)
    for (let n = 0; n < 50; n++) trace.note(mine, 'event', 'node', 'clients', `perhaps lost ${n}`)
    await world.run(150)
    world.crash('node')

    const again = await open()
    again.note(mine, 'event', 'node', 'clients', 'after')
    const found = await texts(again, mine)

    expect([found[0], found.at(-1)]).toEqual(['kept', 'after'])
    expect(found.slice(1, -1)).toEqual(found.slice(1, -1).map((_, n) => `perhaps lost ${n}`))
  })

  it('stops soon after the end of the call, and after ten quiet minutes', async () => {
    const { world, open, now, texts } = setUp({ ends: (text) => text === 'end' })
    const trace = await open()
    const [ended, lost] = [call(now(), 1), call(now(), 2)]
    trace.belongs('a', ended)
    for (const callUUID of [ended, lost]) trace.note(callUUID, 'event', 'node', 'clients', 'begin')
    trace.note(ended, 'event', 'node', 'clients', 'end')
    await world.run(30_000)
    trace.message('phone', 'proxy', invite('a'))
    await world.run(30_000)
    trace.message('phone', 'proxy', invite('a'))
    await world.run(600_000)
    trace.note(lost, 'event', 'node', 'clients', 'too late')

    expect(await texts(trace, ended)).toEqual(['begin', 'end', 'INVITE sip:1002@ringmain SIP/2.0'])
    expect(await texts(trace, lost)).toEqual(['begin'])
  })

  it('follows a call that lasts for hours while something is heard of it', async () => {
    const { world, open, now, texts } = setUp()
    const trace = await open()
    const mine = call(now())
    trace.belongs('a', mine)
    for (let n = 0; n < 40; n++) {
      trace.message('node', 'phone', invite('a'))
      await world.run(300_000)
    }

    expect(await texts(trace, mine)).toHaveLength(40)
  })

  it('forgets segments beyond the size, the oldest first', async () => {
    const { world, open, now, files } = setUp({ segmentBytes: 100_000, retention: () => ({ days: 7, megabytes: 1 }) })
    const trace = await open()
    for (let n = 0; n < 400; n++) {
      trace.note(call(now()), 'event', 'node', 'clients', 'x'.repeat(10_000))
      await world.run(150)
    }

    const left = await files()
    expect(left.length).toBeGreaterThan(8)
    expect(left.length).toBeLessThan(13)
  })

  it('forgets segments beyond the age, even while little is written', async () => {
    const { world, open, now, files } = setUp({ retention: () => ({ days: 1, megabytes: 1024 }) })
    const trace = await open()
    for (let hour = 0; hour < 60; hour++) {
      trace.note(call(now()), 'event', 'node', 'clients', 'x')
      await world.run(3_600_000)
    }

    expect((await files()).length).toBeLessThan(28)
  })

  it('drops and says so when the disk does not keep up', async () => {
    const { world, open, now, lines, texts } = setUp({ mostQueued: 10_000 })
    const trace = await open()
    const mine = call(now())
    for (let n = 0; n < 100; n++) trace.note(mine, 'event', 'node', 'clients', 'x'.repeat(300))
    await world.run(1200)
    trace.note(mine, 'event', 'node', 'clients', 'again')
    await world.run(1200)

    const kept = await texts(trace, mine)
    expect(kept.length).toBeLessThan(35)
    expect(kept.slice(-2)).toEqual([
      'again',
      expect.stringMatching(/^\d+ records of all calls are missing before this: the disk was too slow$/),
    ])
    expect(lines).toEqual(['the disk was too slow: ladders lack records'])
  })

  it('tries another file when the disk fails, and keeps what is in hand', async () => {
    const { world, open, now, lines, texts } = setUp()
    const trace = await open()
    const mine = call(now())
    world.failDisk('node', 'no space left')
    trace.note(mine, 'event', 'node', 'clients', 'lost')
    await world.run(1200)
    trace.note(mine, 'event', 'node', 'clients', 'lost too')
    await world.run(5000)
    trace.note(mine, 'event', 'node', 'clients', 'held')
    world.failDisk('node')
    await world.run(20_000)

    expect(await texts(trace, mine)).toContain('held')
    expect(lines[0]).toBe('the trace cannot be written: ladders lack records')
  })

  it('finds a call by whatever way its Call-ID is written, and by no other header', async () => {
    const { world, open, now } = setUp()
    const trace = await open()
    const mine = call(now())
    trace.belongs('a@h', mine)
    for (const field of [
      'Call-ID: a@h',
      'Call-ID:  a@h ',
      'i:a@h',
      'CALL-ID : a@h',
      'Call-ID:\r\n a@h',
      'Subject: a@h',
    ])
      trace.message('phone', 'proxy', Buffer.from(`BYE sip:b SIP/2.0\r\n${field}\r\n\r\nCall-ID: a@h`))

    expect(await world.complete(trace.read(mine))).toHaveLength(5)
  })

  describe('under load', () => {
    /** A budget of one second takes about ten of these. */
    const budget = 4000
    const busy = async ({ world, trace, seconds }: { world: World; trace: DiskTrace; seconds: number }) => {
      for (let n = 0; n < 20 * seconds; n++) {
        trace.message('phone', 'proxy', invite(`noise-${n}`, `X-Filler: ${'x'.repeat(250)}\r\n`))
        await world.run(50)
      }
    }
    const setUpBusy = async () => {
      const set = setUp({ budget: () => budget })
      return { ...set, trace: await set.open() }
    }
    /** Of the lowest class, which is traced longest, and of one that half the calls are below. */
    const [lowest, other] = [0, 99]
    const gaps = async ({ world, trace }: { world: World; trace: DiskTrace }, callUUID: string) =>
      (await world.complete(trace.read(callUUID))).map(({ kind, text }) => (kind === 'gap' ? text : kind))

    it('traces a share of the calls, each whole with all its legs or not at all, and the ladder says so', async () => {
      const set = await setUpBusy()
      const { world, trace, now } = set
      await busy({ world, trace, seconds: 3 })
      const [inside, outside] = [call(now(), lowest), call(now(), other)]
      const follows = (callUUID: string) => trace.follows({ callID: markedCallID('leg', callUUID) })
      expect([follows(inside), follows(outside)]).toEqual([true, false])
      for (const callUUID of [inside, outside]) {
        const callID = markedCallID('leg', callUUID)
        trace.message('phone', 'proxy', invite(callID))
        trace.belongs(callID, callUUID)
        trace.note(callUUID, 'event', 'node', 'clients', 'EventRinging')
      }

      expect(await gaps(set, inside)).toEqual(['sip', 'event'])
      expect(await gaps(set, outside)).toEqual([
        expect.stringMatching(/^not traced from here on: under load only 1 call in \d+ is$/),
      ])
    })

    it('says where a call ceased to be traced, and where it went on', async () => {
      const set = await setUpBusy()
      const { world, trace, now } = set
      const callUUID = call(now(), other)
      trace.note(callUUID, 'event', 'node', 'clients', 'before')
      await busy({ world, trace, seconds: 3 })
      trace.note(callUUID, 'event', 'node', 'clients', 'meanwhile')
      await world.run(120_000)
      for (let tries = 0; tries < 9; tries++) {
        trace.note(callUUID, 'event', 'node', 'clients', 'after')
        await world.run(15_000)
      }

      expect(new Set(await gaps(set, callUUID))).toEqual(
        new Set(['event', 'not traced from here on: under load only 1 call in 2 is', 'traced again: every call is']),
      )
    })

    it('says so in each segment, also after a restart of the reader', async () => {
      const set = setUp({ budget: () => budget, segmentBytes: 3000 })
      const { world, now } = set
      const trace = await set.open()
      await busy({ world, trace, seconds: 20 })
      const outside = call(now(), other)
      await busy({ world, trace, seconds: 20 })
      await world.complete(trace.close())

      expect(await gaps({ world, trace: await set.open() }, outside)).toEqual([
        expect.stringMatching(/^not traced from here on/),
      ])
    })
  })

  it('keeps no secrets in what is read', async () => {
    let digits = false
    const { world, open, now } = setUp({ masking: () => ({ digits }) })
    const trace = await open()
    const mine = call(now())
    trace.belongs('a', mine)
    trace.message('phone', 'proxy', invite('a', 'Authorization: Digest response="0123456789abcdef"\r\n'))
    trace.note(mine, 'event', 'node', 'clients', '{"collectedDigits":"4711"}')
    const read = async () => (await world.complete(trace.read(mine))).map(({ text }) => text).join('\n')

    expect(await read()).toMatch(/response="\*\*\*"[\s\S]*4711/)
    digits = true
    expect(await read()).not.toMatch(/0123|4711/)
  })

  it('reads nothing for what is no UUIDv7', async () => {
    const { world, open } = setUp()

    expect(await world.complete((await open()).read('../../etc/passwd'))).toEqual([])
  })
})

describe('a record of a trace', () => {
  const name = fc.string({ maxLength: 60, unit: 'grapheme' })
  const anyRecord = fc.record({
    kind: fc.constantFrom(...kinds),
    at: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    from: name,
    to: name,
    id: name,
    body: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  })
  const write = (records: TraceRecord[]) => {
    const bytes = Buffer.alloc(records.reduce((sum, { body }) => sum + roomFor(body), 0))
    return bytes.subarray(
      0,
      records.reduce((end, record) => writeRecord(bytes, end, record), 0),
    )
  }
  const readAll = (bytes: Buffer) => {
    const records: TraceRecord[] = []
    for (let at = 0; ; ) {
      const read = readRecord(bytes, at)
      if (read === 'torn' || 'more' in read) return records
      records.push(read.record)
      at = read.end
    }
  }

  it('is read as it was written, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
        expect(readAll(write(records))).toEqual(records)
      }),
    )
  })

  it('is read whole or not at all where the file is cut or damaged', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 10 }), fc.nat(), fc.boolean(), (records, at, cut) => {
        const bytes = write(records)
        const damaged = cut ? bytes.subarray(0, at % bytes.length) : Buffer.from(bytes)
        if (!cut) damaged[at % bytes.length] = (damaged[at % bytes.length] ?? 0) ^ 0x55

        const read = readAll(damaged)

        expect(read).toEqual(records.slice(0, read.length))
        expect(read.length).toBeLessThan(records.length)
      }),
    )
  })

  it('is not believed when it says to be endless', () => {
    const bytes = Buffer.alloc(100)
    bytes.writeUInt32BE(largestRecord + 1, 0)

    expect(readRecord(bytes, 0)).toBe('torn')
  })
})
