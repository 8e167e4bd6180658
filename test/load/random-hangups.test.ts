// Five hundred callers who hang up wherever their calls are, and agents who hang up, reject, do not answer and vanish:
// nobody is stuck afterwards, and each call is recorded once.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Sipp, type SippResult } from '../peers/sipp.ts'
import { type ApiClient, type EventStream, until } from '../rig/api.ts'
import { BenchAgents } from '../rig/bench-agents.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { interactions } from '../rig/history.ts'

/** Why an agent may be not ready in the end. */
const reasons = new Set(['rejected', 'no-answer', 'out-of-service'])

describe('500 calls with random hang-ups, rejects and vanishing phones', () => {
  const groups = 20
  const callsEach = 25
  const seed = 20_261_124
  let demo: Demo
  let admin: ApiClient
  let stream: EventStream
  let steady: BenchAgents
  let hasty: BenchAgents
  let rejecting: BenchAgents
  let absent: BenchAgents
  let vanishing: BenchAgents
  const all = () => [steady, hasty, rejecting, absent, vanishing]

  beforeAll(async () => {
    demo = await Demo.start({ apply: ['examples/bench.yaml', 'test/rig/short-times.yaml'] })
    admin = await demo.signIn()
    stream = await admin.events()
    const start = (first: number, count: number, scenario: string, keys = {}) =>
      BenchAgents.start(demo, { first, count, port: 12_400 + 10 * (first % 100), scenario, keys })
    steady = await start(2001, 12, 'agent')
    hasty = await start(2021, 6, 'agent-hangs-up')
    rejecting = await start(2041, 4, 'callee-603')
    absent = await start(2061, 4, 'callee-rings')
    vanishing = await start(2081, 6, 'agent')
  })
  afterAll(async () => {
    stream?.close()
    for (const agents of all()) await agents?.stop()
    await demo?.stop()
  })

  const callers = (group: number, patience: number): Promise<SippResult> =>
    Sipp.run({
      scenario: 'restless-caller',
      remote: proxies.dc1[0],
      port: 13_400 + 10 * group,
      calls: callsEach,
      rate: 1,
      keys: { number: '8090' },
      args: ['-recv_timeout', String(patience)],
    })

  /** SIGKILL, a few calls after they have begun to answer: in the middle of one. */
  async function vanish(agents: BenchAgents): Promise<void> {
    await new Promise<void>((resolve) => {
      let answered = 0
      stream.each(({ type, data }) => {
        if (type === 'call.established' && agents.numbers.includes(String(data.thisDN))) answered += 1
        if (answered === 5) resolve()
      })
    })
    await agents.stop()
  }

  it('leaves no agent stuck, no call alive, and one record of each call', { timeout: 240_000 }, async () => {
    const patience = patiences(groups, seed)
    for (const agents of [rejecting, absent]) agents.comeBack(stream)
    const calling = Promise.all(patience.map((ms, group) => callers(group, ms)))
    await vanish(vanishing)
    const results = await calling

    const failures = results.filter(({ failed }) => failed > 0).map(({ output }) => output)
    expect(failures).toEqual([])
    expect(results.map(({ successful }) => successful)).toEqual(patience.map(() => callsEach))
    await until(async () => ((await admin.calls()).length === 0 ? true : undefined), 60_000, 'no live call')
    const records = await until(
      async () => {
        const found = await interactions(admin, 'dnis=8090')
        return found.length === groups * callsEach && found.every(({ ending }) => ending !== null) ? found : undefined
      },
      10_000,
      '500 records',
    )
    expect(new Set(records.map(({ callUUID }) => callUUID)).size).toBe(groups * callsEach)
    const agents = (await Promise.all(all().map((each) => each.states(admin)))).flat()
    const stuck = agents.filter(
      ({ state, reason }) => state !== 'ready' && !(state === 'not-ready' && reasons.has(reason ?? '')),
    )
    expect(stuck, `seed ${seed}`).toEqual([])
    for (const { phones } of [steady, hasty, rejecting, absent]) {
      const { successful, failed } = phones.counters()
      expect({ failed, some: successful > 0 }, phones.output).toEqual({ failed: 0, some: true })
    }
    const endings = new Set(records.map(({ ending }) => `${ending?.by} ${ending?.cause}`))
    expect([...endings].filter((ending) => !/ (hangup|abandoned-\w+)$|^cluster session-expired$/.test(ending))).toEqual(
      [],
    )
    expect([...endings]).toEqual(
      expect.arrayContaining([
        'customer hangup',
        'agent hangup',
        'customer abandoned-queue',
        'customer abandoned-ringing',
      ]),
    )
  })
})

/** Milliseconds, from 20 to 6,000 with small ones more often, drawn from a seed. */
function patiences(count: number, seed: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    const draw = state / 0x80_00_00_00
    return Math.round(20 + 5_980 * draw * draw)
  })
}
