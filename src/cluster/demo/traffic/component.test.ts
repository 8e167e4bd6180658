import { describe, expect, it } from 'vitest'
import { Supervisor } from '#platform/component/supervisor.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { prometheus } from '#platform/metrics/prometheus.ts'
import type { SessionUser } from '#protocols/sip/core/session.ts'
import { World } from '#simulation/world.ts'
import { miniature, rtpEar, sdp } from './cluster.fixture.ts'
import { demoTraffic } from './component.ts'
import { runtimeVoices } from './voices.ts'

const robots = [
  { dn: '1011', name: 'Robin' },
  { dn: '1012', name: 'Rory' },
]

async function traffic(config: { callsPerMinute: number; robots?: typeof robots; destinations?: object[] }) {
  const world = new World()
  const cluster = await miniature(world)
  const runtime = world.host('traffic')
  const coordination = new InProcessCoordination().member(runtime.clock)
  const supervisor = new Supervisor({ runtime, coordination, log: silentLog, exposition: prometheus() })
  const { robots = [], ...rest } = config
  const dataCentres = [{ dc: 'dc1', proxies: ['127.0.0.1:5060'], http: '127.0.0.1:8080', robots }]
  const started = supervisor.start(demoTraffic(runtimeVoices), { dataCentres, ...rest }, { name: 'traffic', dc: 'dc1' })
  return { world, cluster, traffic: await world.complete(started) }
}

describe('robot agents', () => {
  it('register with digest under a name that says SIMULATED, sign in, take their place and get ready', async () => {
    const { world, cluster, traffic: running } = await traffic({ callsPerMinute: 0, robots })

    await world.run(5_000)

    expect([...cluster.contacts.keys()].sort()).toEqual(['1011', '1012'])
    expect(running.counts).toEqual({ registered: 2, calls: 0 })
    expect(cluster.requests.requests.filter((line) => line.includes('1011'))).toEqual([
      'POST /api/v1/session 1011',
      'GET /api/v1/me 1011 logged-out',
      'PUT /api/v1/me/place 1011 logged-out',
      'PUT /api/v1/me/state 1011 not-ready',
    ])
    expect(cluster.requests.agents.get('1012')).toEqual({ dn: '1012', state: 'ready' })
  })

  it('answer an offer after a while, talk G.711 every 20 ms, hang up, and see that they are ready again', async () => {
    const { world, cluster } = await traffic({ callsPerMinute: 0, robots })
    await world.run(5_000)
    const rtp = await rtpEar(world)
    const heard: [string, number][] = []
    const hear = (what: string) => heard.push([what, world.now])
    const user: SessionUser = {
      progressed: ({ status }) => hear(String(status)),
      answered: () => hear('answered'),
      ended: ({ cause }) => hear(cause),
    }
    const began = world.now

    const to = cluster.contacts.get('1011') ?? ''
    cluster.userAgent.invite({ requestURI: to, from: '<sip:8000@ringmain>', to: `<${to}>`, body: sdp(rtp.port) }, user)
    await world.runUntil(() => heard.length === 3, 400_000)
    Object.assign(cluster.requests.agents.get('1011') ?? {}, { state: 'not-ready' })
    await world.run(10_000)
    const [[ringing] = [], [answered, at = 0] = [], [ended, end = 0] = []] = heard

    expect([ringing, answered, ended]).toEqual(['180', 'answered', 'bye'])
    expect(at - began).toBeGreaterThan(300)
    expect(at - began).toBeLessThan(10_100)
    expect(new Set(rtp.packets)).toEqual(new Set([8]))
    expect(Math.abs(rtp.packets.length - (end - at) / 20)).toBeLessThan(3)
    expect(cluster.requests.agents.get('1011')?.state).toBe('ready')
    expect(cluster.userAgent.counts().sessions).toBe(0)
  })

  it('take one call at a time', async () => {
    const { world, cluster } = await traffic({ callsPerMinute: 0, robots })
    await world.run(5_000)
    const to = cluster.contacts.get('1011') ?? ''
    const failed: number[] = []
    const invite = () =>
      cluster.userAgent.invite(
        { requestURI: to, from: '<sip:8000@ringmain>', to: `<${to}>`, body: sdp(9) },
        { failed: ({ status }) => failed.push(status), ended() {} },
      )

    const first = invite()
    invite()
    await world.run(200)
    first.cancel()
    await world.run(200)
    const again = invite()
    await world.run(200)
    again.cancel()
    await world.run(200)

    expect(failed).toEqual([486, 487, 487])
  })

  it('keep trying where the HTTP API has forgotten them', async () => {
    const { world, cluster } = await traffic({ callsPerMinute: 0, robots })
    await world.run(5_000)

    cluster.requests.agents.clear()
    await world.run(70_000)

    expect([...cluster.requests.agents.values()]).toEqual([
      { dn: '1011', state: 'ready' },
      { dn: '1012', state: 'ready' },
    ])
  })
})

describe('callers', () => {
  it('come as a Poisson process of the rate that is set, all named SIMULATED, to the numbers by their weights', async () => {
    const { world, cluster } = await traffic({ callsPerMinute: 60 })
    cluster.onCall.take = (session) => session.reject(480)

    await world.run(10 * 60_000)
    const { calls } = cluster
    const gaps = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    const share = (number: string) => calls.filter(({ to }) => to === number).length / calls.length

    expect(calls.length).toBeGreaterThan(500)
    expect(calls.length).toBeLessThan(700)
    // Exponential gaps: the standard deviation is the mean.
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.8)
    expect(Math.sqrt(variance) / mean).toBeLessThan(1.2)
    expect(calls.every(({ from }) => from.startsWith('SIMULATED '))).toBe(true)
    expect([share('8000') > share('8001'), share('8001') > share('8002'), share('8010')]).toEqual([true, true, 0])
  })

  it('press a key in a menu by RFC 4733, and go when an agent is through with them or they with him', async () => {
    const destinations = [{ number: '8001', weight: 1, menu: true }]
    const { world, cluster, traffic: running } = await traffic({ callsPerMinute: 20, destinations })
    const ears: Awaited<ReturnType<typeof rtpEar>>[] = []
    for (let count = 0; count < 20; count++) ears.push(await rtpEar(world))
    cluster.onCall.take = (session) => {
      session.accept(sdp(ears[cluster.calls.length - 1]?.port ?? 9))
      world.host('cluster').clock.after(20_000, () => session.reinvite(sdp(9), () => {}))
    }

    await world.runUntil(() => cluster.calls.length === 20, 300_000)
    void running.drain()
    await world.run(60_000)
    const pressed = ears.map(({ digits }) => digits()).filter((digits) => digits !== '')
    const talking = running.counts.calls
    for (const { session } of cluster.calls) session.bye()
    await world.run(5_000)

    expect(pressed.length).toBeGreaterThan(10)
    for (const digits of pressed) expect(digits).toMatch(/^9?[12]?$/)
    expect(talking).toBeGreaterThan(3)
    expect(talking).toBeLessThan(18)
    expect(running.counts.calls).toBe(0)
  })

  it('give up where no agent comes, some of them soon', async () => {
    const { world, cluster, traffic: running } = await traffic({ callsPerMinute: 60 })

    await world.runUntil(() => cluster.calls.length === 30, 300_000)
    const drained = running.drain()
    await world.complete(drained, 900_000)
    await world.run(1_000)

    expect(cluster.calls.every(({ heard }) => heard[0] === 'bye' || heard[0] === 'cancelled')).toBe(true)
    expect(running.counts.calls).toBe(0)
    expect(cluster.userAgent.counts().sessions).toBe(0)
  })

  it('vanish with their robots when the traffic is stopped', async () => {
    const { world, cluster, traffic: running } = await traffic({ callsPerMinute: 30, robots })
    await world.runUntil(() => cluster.calls.length === 3)

    await world.complete(running.stop())
    await world.complete(running.stop())
    const { calls } = cluster
    const before = calls.length
    await world.run(60_000)

    expect(calls).toHaveLength(before)
    // The one that was just answered may miss its ACK.
    expect(calls.every(({ heard }) => heard.length === 0 || heard[0] === 'no-ack')).toBe(true)
  })
})
