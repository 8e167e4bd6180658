import { describe, expect, it } from 'vitest'
import { type Log, silentLog } from '#platform/log/log.ts'
import { World } from '#simulation/world.ts'
import type { Command, OpenRtpWorker, Report } from './rtp/channel.ts'
import { type FarmOptions, type LegPort, type LegUser, RtpFarm } from './rtp-farm.ts'

const user: LegUser = { digit() {}, played() {}, generated() {}, silent() {}, resumed() {}, lost() {} }

const optionsOf = (world: World, changes: Partial<FarmOptions> & Pick<FarmOptions, 'open'>): FarmOptions => ({
  rtp: { hosts: ['127.0.0.1'], prompts: [], silenceMs: 20_000 },
  ports: { first: 20_000, last: 20_999 },
  workers: 1,
  clock: world.host('media').clock,
  log: silentLog,
  ...changes,
})

/** A farm of one thread that answers when it is told to. */
async function setUp(ports: number) {
  const commands: Command[] = []
  const faults: unknown[] = []
  const log: Log = { ...silentLog, error: (fields: object) => void faults.push(fields) }
  let told: (report: Report) => void = () => {}
  const open: OpenRtpWorker = async (_options, report) => {
    told = report
    return { run: (command) => void commands.push(command), close: async () => {} }
  }
  const farm = new RtpFarm(
    optionsOf(new World(), { open, log, ports: { first: 20_000, last: 20_000 + 2 * ports - 1 } }),
  )
  await farm.start()
  const asked = () => commands.filter(({ type }) => type === 'open').map(({ leg }) => leg)
  const answer = (type: 'opened' | 'refused', legs: readonly number[]) => {
    for (const leg of legs) told({ type, leg })
  }
  const refuse = (leg: number, fault: string) => told({ type: 'refused', leg, fault })
  const leg = (conference?: string) => {
    const got: (LegPort | undefined)[] = []
    farm.leg(conference, user, (port) => got.push(port))
    return got
  }
  return { farm, asked, answer, refuse, leg, faults }
}

describe('RTP farm', () => {
  it('gives a leg a port that was bound ahead at once, and binds more before they run out', async () => {
    const { asked, answer, leg } = await setUp(500)
    const ahead = asked()
    answer('opened', ahead)

    const got = Array.from({ length: ahead.length / 2 }, () => leg())

    expect(got.every(([port]) => port !== undefined)).toBe(true)
    expect(new Set(got.map(([port]) => port?.port)).size).toBe(got.length)
    expect(asked().length).toBeGreaterThan(ahead.length)
  })

  it('counts the legs that somebody uses, not those bound ahead', async () => {
    const { farm, asked, answer, leg } = await setUp(500)
    answer('opened', asked())
    const before = farm.legs
    const [one] = leg('a')
    leg('a')
    const during = farm.legs
    one?.close()

    expect([before, during, farm.legs]).toEqual([0, 2, 1])
    expect(farm.has('a')).toBe(true)
  })

  it('tries another port for a leg bound ahead whose port somebody else has', async () => {
    const { asked, answer, leg } = await setUp(500)
    const ahead = asked()
    answer('refused', ahead)
    answer('opened', ahead)

    expect(leg()[0]?.port).toBeGreaterThanOrEqual(20_000 + 2 * ahead.length)
  })

  it('gives every port of its range, and says when none is left', async () => {
    const { farm, asked, answer, leg } = await setUp(5)
    const got = Array.from({ length: 6 }, () => leg('a'))
    answer('opened', asked())

    expect(got.map(([port]) => port !== undefined)).toEqual([true, true, true, true, true, false])
    expect(farm.legs).toBe(5)
    for (const [port] of got) port?.close()
    expect(farm.has('a')).toBe(false)
  })
})

describe('RTP farm whose ports cannot be bound', () => {
  it('gives a leg up at once where no other port would do either, and tells why until a port can be had', async () => {
    const { farm, asked, answer, refuse, leg, faults } = await setUp(2)
    const [one, other] = [leg(), leg()]
    const [first = 0, second = 0] = asked()

    refuse(first, 'too many open files')
    refuse(second, 'too many open files')
    const { fault } = farm

    expect([one, other]).toEqual([[undefined], [undefined]])
    expect(fault).toBe('too many open files')
    expect(faults).toEqual([{ fault }])
    leg()
    answer('opened', asked().slice(2))
    expect(farm.fault).toBeUndefined()
  })

  it.each([
    ['no even port', { first: 20_001, last: 20_001 }, /no even one from rtp\.first, 20001, to rtp\.last, 20001/],
    ['a thread that does not start', { first: 20_000, last: 20_001 }, /no such address; see rtp\.hosts/],
  ])('does not start with %s', async (_what, ports, message) => {
    const open: OpenRtpWorker = () => Promise.reject(new Error('no such address'))

    await expect(new RtpFarm(optionsOf(new World(), { open, ports })).start()).rejects.toThrow(message)
  })

  it('tries again to replace a thread, at longer and longer times, until one starts', async () => {
    const world = new World()
    const starts: number[] = []
    let lose = (_error: Error) => {}
    const open: OpenRtpWorker = async (_options, _told, lost) => {
      lose = lost
      if (starts.push(world.now) > 1 && starts.length < 5) throw new Error('too many open files')
      return { run() {}, close: async () => {} }
    }
    const farm = new RtpFarm(optionsOf(world, { open }))
    await farm.start()

    lose(new Error('out of memory'))
    await world.run(10_000)

    expect(starts).toEqual([0, 0, 100, 300, 700])
    expect(farm.missing).toBe(0)
  })

  it('tries no more once it is closed', async () => {
    const world = new World()
    let starts = 0
    let lose = (_error: Error) => {}
    const open: OpenRtpWorker = async (_options, _told, lost) => {
      lose = lost
      starts += 1
      if (starts > 1) throw new Error('too many open files')
      return { run() {}, close: async () => {} }
    }
    const farm = new RtpFarm(optionsOf(world, { open }))
    await farm.start()
    lose(new Error('out of memory'))
    await world.run(50)

    await farm.close()
    await world.run(10_000)

    expect(starts).toBe(2)
  })
})
