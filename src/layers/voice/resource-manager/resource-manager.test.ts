import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { tone } from '#protocols/media/audio/tone.ts'
import { writeWav } from '#protocols/media/audio/wav.ts'
import { World } from '#simulation/world.ts'
import { mediaServer, type RunningMediaServer } from '../media-server/component.ts'
import { inLoop } from '../media-server/rtp/in-loop.ts'
import { type TestCall, TestPhone } from '../media-server/test-phone.ts'
import { ranked } from '../model/rendezvous.ts'
import { type RunningResourceManager, resourceManager } from './component.ts'

type Placed = { readonly status: number; readonly on: string; readonly call: TestCall }

/** A farm of media servers behind Resource Managers, each on a host of its own. */
class Farm {
  readonly world = new World()
  readonly servers = new Map<string, RunningMediaServer>()
  private readonly coordination = new InProcessCoordination()
  private readonly members = new Map<string, ReturnType<InProcessCoordination['member']>>()
  private ports = 20_000
  phone!: TestPhone

  async open(): Promise<void> {
    this.phone = await this.world.complete(TestPhone.open(this.world.host('phone'), '127.0.0.1'))
  }

  async mediaServer(name: string, capacity = 50): Promise<RunningMediaServer> {
    const context = this.context(name)
    const { runtime } = context
    await this.world.complete(runtime.disk.replace('prompts/low.wav', writeWav(tone(440, 0.5))))
    const config = {
      name,
      dc: 'dc1',
      listen: { host: '127.0.0.1', port: 0 },
      rtp: { hosts: ['127.0.0.1'], first: this.ports, last: this.ports + 99 },
      workers: 1,
      prompts: ['prompts'],
      capacity,
      silenceSeconds: 20,
    }
    this.ports += 100
    const component = mediaServer({ openWorker: inLoop(runtime) })
    const server = await this.world.complete(component.start({ ...context, config }))
    this.servers.set(name, server)
    return server
  }

  async manager(name: string): Promise<RunningResourceManager> {
    const here = { host: '127.0.0.1', port: 0 }
    const config = { name, dc: 'dc1', listen: here, linkListen: here }
    const manager = await this.world.complete(resourceManager().start({ ...this.context(name), config }))
    await this.world.run(10)
    return manager
  }

  /** The status, and the name of the media server that took the call. */
  async call(manager: RunningResourceManager, user: string, parameters = ''): Promise<Placed> {
    const uri = `sip:${user}@127.0.0.1:${manager.sip.port}${parameters}`
    const call = await this.world.complete(this.phone.call(uri))
    await this.world.runUntil(() => call.status > 0)
    const at = call.contact?.port
    const on = [...this.servers].find(([, server]) => server.sip.port === at)?.[0] ?? ''
    return { status: call.status, on, call }
  }

  /** One call through each of them. */
  async callAll(managers: readonly RunningResourceManager[], user: string): Promise<Placed[]> {
    const placed: Placed[] = []
    for (const manager of managers) placed.push(await this.call(manager, user))
    return placed
  }

  /** Every datagram between the two hosts is lost; links over TCP hold. */
  loseDatagrams(one: string, other: string): void {
    this.world.links.set(one, other, { loss: 1 })
    this.world.links.set(other, one, { loss: 1 })
  }

  /** The host dies, and its announcement with it only when `known`. */
  crash(name: string, known: boolean): void {
    this.world.crash(name)
    if (known) this.members.get(name)?.leave()
  }

  private context(name: string) {
    const runtime = this.world.host(name)
    const coordination = this.coordination.member(runtime.clock)
    this.members.set(name, coordination)
    return { runtime, coordination, log: silentLog, metrics: noMetrics }
  }
}

describe('Resource Manager', () => {
  let farm: Farm
  beforeEach(async () => {
    farm = new Farm()
    await farm.open()
  })
  afterEach(async () => {
    for (const server of farm.servers.values()) void server.stop()
  })

  it('brings all legs of a conference to one media server, whichever manager they come through (architecture §11)', async () => {
    for (const name of ['m1', 'm2', 'm3']) await farm.mediaServer(name)
    const managers = [await farm.manager('r1'), await farm.manager('r2')]

    const used = new Set<string | undefined>()
    for (let id = 0; id < 8; id += 1) {
      const legs = await farm.callAll(managers, `conf=call-${id}`)
      expect(legs[0]?.on).toBe(legs[1]?.on)
      used.add(legs[0]?.on)
    }

    expect(used.size).toBe(3)
  })

  it('stays out of the dialog: the media server is the remote target and no route is recorded', async () => {
    const server = await farm.mediaServer('m1')
    const manager = await farm.manager('r1')

    const call = await farm.world.complete(farm.phone.call(`sip:echo@127.0.0.1:${manager.sip.port}`))
    await farm.world.runUntil(() => call.status > 0)

    expect(call.contact?.port).toBe(server.sip.port)
    expect(call.response?.header('Record-Route')).toBeUndefined()
  })

  it('reaches a media server over the link that this one opened, not over UDP (architecture §11)', async () => {
    const manager = await farm.manager('r1')
    await farm.mediaServer('m1')
    await farm.world.run(100)
    farm.loseDatagrams('r1', 'm1')

    const { status } = await farm.call(manager, 'echo')
    await farm.world.run(2000)

    expect(status).toBe(200)
    expect(manager.health()).toEqual({ status: 'ok', reasons: [] })
  })

  it('takes another media server at once when the link of one is lost', async () => {
    await farm.mediaServer('m1')
    await farm.mediaServer('m2')
    const manager = await farm.manager('r1')
    await farm.world.run(100)
    const { on } = await farm.call(manager, 'conf=a')
    farm.world.crash(on, 'process')

    const before = farm.world.now
    const again = await farm.call(manager, 'conf=a')

    expect(again.status).toBe(200)
    expect(again.on).not.toBe(on)
    expect(farm.world.now - before).toBeLessThan(100)
  })

  it('goes on to the next media server where one is full, and brings the second leg of the call there too', async () => {
    await farm.mediaServer('m1', 1)
    await farm.mediaServer('m2', 1)
    const manager = await farm.manager('r1')
    const full = await farm.call(manager, 'conf=a')
    const id = ['b', 'c', 'd', 'e', 'f'].find((one) => ranked(one, ['m1', 'm2'])[0] === full.on)
    const first = await farm.call(manager, `conf=${id}`)
    await farm.world.complete(full.call.close())

    const second = await farm.call(manager, `conf=${id}`)

    expect([first.status, second.status]).toEqual([200, 200])
    expect(first.on).not.toBe(full.on)
    expect(second.on).toBe(first.on)
  })

  it('answers 503 where all are full', async () => {
    await farm.mediaServer('m1', 1)
    const manager = await farm.manager('r1')
    await farm.call(manager, 'conf=a')

    expect((await farm.call(manager, 'conf=c')).status).toBe(503)
  })

  it('leaves an answer that is no overload as it is', async () => {
    await farm.mediaServer('m1')
    await farm.mediaServer('m2')
    const manager = await farm.manager('r1')

    expect((await farm.call(manager, 'annc', ';play=nothing')).status).toBe(404)
    expect((await farm.call(manager, 'nobody')).status).toBe(404)
  })

  it('takes the next media server for what waits at one that no longer answers', async () => {
    await farm.mediaServer('m1')
    await farm.mediaServer('m2')
    const manager = await farm.manager('r1')
    const { on } = await farm.call(manager, 'conf=a')
    farm.crash(on, false)

    const before = farm.world.now
    const again = await farm.call(manager, 'conf=a')

    expect(again.status).toBe(200)
    expect(again.on).not.toBe(on)
    expect(farm.world.now - before).toBeLessThan(2000)
    expect(manager.health()).toEqual({ status: 'degraded', reasons: [`${on} does not answer`] })
  })

  it('answers 503 where no media server is left, and asks again when one comes', async () => {
    const manager = await farm.manager('r1')
    expect((await farm.call(manager, 'conf=a')).status).toBe(503)
    expect(manager.health().status).toBe('down')

    await farm.mediaServer('m1')
    await farm.world.run(10)

    expect((await farm.call(manager, 'conf=a')).status).toBe(200)
    expect(manager.health()).toEqual({ status: 'ok', reasons: [] })
  })

  it('answers OPTIONS by itself and refuses what no media server is asked for', async () => {
    const manager = await farm.manager('r1')
    const ask = (method: string, requestURI: string) =>
      farm.world.complete(
        new Promise<number>((resolve) =>
          farm.phone.agent.request({ method, requestURI, from: '<sip:a@b>', to: '<sip:c@d>' }, ({ status }) =>
            resolve(status),
          ),
        ),
      )

    expect(await ask('OPTIONS', `sip:127.0.0.1:${manager.sip.port}`)).toBe(200)
    expect(await ask('MESSAGE', `sip:x@127.0.0.1:${manager.sip.port}`)).toBe(405)
  })
})
