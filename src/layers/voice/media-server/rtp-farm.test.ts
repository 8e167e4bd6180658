import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import type { Command, Report } from './rtp/channel.ts'
import { type LegPort, type LegUser, RtpFarm } from './rtp-farm.ts'

const user: LegUser = { digit() {}, played() {}, generated() {}, silent() {}, resumed() {}, lost() {} }

/** A farm of one thread that answers when it is told to. */
async function setUp(ports: number) {
  const commands: Command[] = []
  let told: (report: Report) => void = () => {}
  const farm = new RtpFarm({
    rtp: { hosts: ['127.0.0.1'], prompts: [], silenceMs: 20_000 },
    ports: { first: 20_000, last: 20_000 + 2 * ports - 1 },
    workers: 1,
    open: async (_options, report) => {
      told = report
      return { run: (command) => void commands.push(command), close: async () => {} }
    },
    log: silentLog,
  })
  await farm.start()
  const asked = () => commands.filter(({ type }) => type === 'open').map(({ leg }) => leg)
  const answer = (type: 'opened' | 'refused', legs: readonly number[]) => {
    for (const leg of legs) told({ type, leg })
  }
  const leg = (conference?: string) => {
    const got: (LegPort | undefined)[] = []
    farm.leg(conference, user, (port) => got.push(port))
    return got
  }
  return { farm, asked, answer, leg }
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
