import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { InProcessCoordination } from '../coordination/in-process.ts'
import { silentLog } from '../log/log.ts'
import { prometheus } from '../metrics/prometheus.ts'
import { defineComponent, type Health } from './component.ts'
import { Supervisor } from './supervisor.ts'

const ok: Health = { status: 'ok', reasons: [] }

function setUp() {
  const world = new World()
  const runtime = world.host('a')
  const exposition = prometheus()
  const coordination = new InProcessCoordination().member(runtime.clock)
  const supervisor = new Supervisor({ runtime, coordination, log: silentLog, exposition })
  const told: string[] = []
  const component = (more: { health?: Health; fails?: boolean; hangs?: boolean } = {}) =>
    defineComponent({
      name: 'part',
      config: Type.Object({ port: Type.Integer({ default: 5060 }) }, { additionalProperties: false }),
      async start({ config, metrics }) {
        if (more.fails) throw new Error('the port is in use')
        told.push(`start ${config.port}`)
        metrics.gauge('port', 'The port', () => config.port)
        return {
          health: () => more.health ?? ok,
          drain: async () => void told.push(`drain ${config.port}`),
          stop: async () => {
            told.push(`stop ${config.port}`)
            if (more.hangs) await new Promise(() => {})
          },
        }
      },
    })
  const start = (port: number | undefined, part = component()) =>
    supervisor.start(part, port === undefined ? {} : { port }, { name: `part${port}`, dc: 'dc1' })
  return { world, supervisor, component, start, told, exposition }
}

describe('the supervisor', () => {
  it('starts components in order with their defaults, and stops them in reverse', async () => {
    const { supervisor, start, told } = setUp()

    await start(undefined)
    await start(2)
    await supervisor.drain()
    await supervisor.stop()
    await supervisor.stop()

    expect(told).toEqual(['start 5060', 'start 2', 'drain 5060', 'drain 2', 'stop 2', 'stop 5060'])
  })

  it('stops what was started when one that comes after it fails', async () => {
    const { supervisor, start, component, told } = setUp()

    const composed = supervisor.compose(async () => {
      await start(1)
      await start(2)
      await start(3, component({ fails: true }))
    })

    await expect(composed).rejects.toThrow('the port is in use')
    expect(told).toEqual(['start 1', 'start 2', 'stop 2', 'stop 1'])
  })

  it('goes on when one does not stop', async () => {
    const { world, supervisor, start, component, told } = setUp()
    await start(1)
    await start(2, component({ hangs: true }))

    await world.complete(supervisor.stop())

    expect(told.slice(2)).toEqual(['stop 2', 'stop 1'])
    expect(world.now).toBe(10_000)
  })

  it('is as well as the worst, and names who says why', async () => {
    const { supervisor, start, component } = setUp()
    await start(1)
    const before = supervisor.health()
    await start(2, component({ health: { status: 'degraded', reasons: ['a peer does not answer'] } }))
    await start(3, component({ health: { status: 'down', reasons: ['no node'] } }))

    expect(before).toEqual(ok)
    expect(supervisor.health()).toEqual({
      status: 'down',
      reasons: ['part2 (dc1): a peer does not answer', 'part3 (dc1): no node'],
    })
    expect(supervisor.components()[1]).toMatchObject({
      name: 'part2',
      dc: 'dc1',
      component: 'part',
      status: 'degraded',
    })
  })

  it('refuses a key that the component does not have, by its name', async () => {
    const { supervisor, component } = setUp()

    const started = supervisor.start(component(), { prot: 1 }, { name: 'a', dc: 'dc1' })

    await expect(started).rejects.toThrow('part: prot is no key here; did you mean port?')
  })

  it('labels the metrics of each, and tells no gauges of one that is gone', async () => {
    const { supervisor, start, exposition } = setUp()
    await start(1)
    await start(2)
    const up = await exposition.text()
    await supervisor.stop()

    expect(up).toContain('ringmain_port{dc="dc1",component="part2"} 2')
    expect(await exposition.text()).not.toContain('ringmain_port{')
  })
})
