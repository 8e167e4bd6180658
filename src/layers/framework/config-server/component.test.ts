import { verify } from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Entries } from '#protocols/model/entries.ts'
import { followConfiguration } from '#protocols/model/link/follow-configuration.ts'
import { World } from '#simulation/world.ts'
import { configServer } from './component.ts'
import { memoryStore } from './memory-store.ts'
import type { ConfigurationStore } from './store.ts'

const initial: Entries = {
  skills: [{ name: 'sales' }],
  persons: [{ employeeId: '1001', name: 'Ann', skills: { sales: 5 } }],
  dns: [{ number: '1001', secret: 'demo' }],
}

async function setUp(store: ConfigurationStore = memoryStore()) {
  const world = new World(5)
  const coordination = new InProcessCoordination()
  const member = (host: string) => {
    const runtime = world.host(host)
    return { runtime, coordination: coordination.member(runtime.clock) }
  }
  const start = () =>
    world.complete(
      configServer({ store, initial }).start({
        ...member('server'),
        config: { name: 'main', dc: 'dc1', link: { host: '127.0.0.1', port: 0 }, passwordCost: 'light' },
        log: silentLog,
        metrics: noMetrics,
      }),
    )
  const follow = (name: string) =>
    world.complete(followConfiguration({ ...member(name), log: silentLog, name, dc: 'dc1' }))
  return { world, server: await start(), start, follow }
}

describe('the Config Server', () => {
  it('begins with the initial objects where there are none, and goes on with what is stored', async () => {
    const store = memoryStore()
    const { world, server, start } = await setUp(store)
    await server.apply({ skills: [{ name: 'support' }] })
    await world.complete(server.stop())

    const again = await start()

    expect(server.current().revision).toBe(2)
    expect(again.current().objects).toEqual(server.current().objects)
  })

  it('adds and replaces what entries name and keeps the rest; pruned, it removes the rest', async () => {
    const { server } = await setUp()

    const added = await server.apply({
      persons: [
        { employeeId: '1001', name: 'Ann Other' },
        { employeeId: '1002', name: 'Bob' },
      ],
    })
    const pruned = await server.apply({ skills: [{ name: 'sales' }] }, { prune: true })

    expect(added).toEqual({
      revision: 2,
      changes: [
        { action: 'changed', kind: 'persons', key: '1001', properties: ['name', 'skills'] },
        { action: 'added', kind: 'persons', key: '1002' },
      ],
    })
    expect(pruned.changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
      'removed 1001',
      'removed 1002',
      'removed 1001',
    ])
  })

  it('makes no revision where nothing changes, nor for a preview', async () => {
    const { server } = await setUp()

    const preview = await server.preview({ skills: [{ name: 'support' }] })
    const same = await server.apply(initial)

    expect(preview).toEqual({ revision: 1, changes: [{ action: 'added', kind: 'skills', key: 'support' }] })
    expect(same).toEqual({ revision: 1, changes: [] })
  })

  it.each<[string, Entries, string]>([
    ['what does not fit together', { persons: [{ employeeId: '2', name: 'B', skills: { cooking: 1 } }] }, 'cooking'],
    ['an object named twice', { skills: [{ name: 'a' }, { name: 'a' }] }, 'names it twice'],
    ['a realm that existing secrets do not fit (RFC 7616 §3.4.2)', { settings: { realm: 'other' } }, 'secrets'],
  ])('refuses %s, and changes nothing then', async (_what, entries, reason) => {
    const { server } = await setUp()

    await expect(server.apply(entries)).rejects.toThrow(reason)

    expect(server.current().revision).toBe(1)
  })

  it('keeps a salted argon2id hash of a password, and the same hash while the password is the same', async () => {
    const { server } = await setUp()
    const persons = ['1', '2'].map((employeeId) => ({ employeeId, name: 'A', password: 'demo' }))

    await server.apply({ persons })
    const again = await server.apply({ persons })
    const other = await server.apply({ persons: [{ employeeId: '1', name: 'A', password: 'x' }] })

    const [one = '', two = ''] = ['1', '2'].map((id) => server.current().person(id)?.passwordHash)
    expect(again.changes).toEqual([])
    expect(other.changes).toEqual([{ action: 'changed', kind: 'persons', key: '1', properties: ['passwordHash'] }])
    expect(one).not.toBe(two)
    expect(await verify(two, 'demo')).toBe(true)
    expect(JSON.stringify(server.current().objects)).not.toContain('"password"')
  })

  it('does changes one after the other, each on top of the one before', async () => {
    const { server } = await setUp()

    const both = [server.apply({ skills: [{ name: 'a' }] }), server.apply({ skills: [{ name: 'b' }] })]

    expect((await Promise.all(both)).map(({ revision }) => revision)).toEqual([2, 3])
    expect(server.current().objects.skills.map(({ name }) => name)).toEqual(['sales', 'a', 'b'])
  })

  it('says so when another writer was faster, and goes on from what is stored', async () => {
    const store = memoryStore()
    const { server } = await setUp(store)
    await store.apply(2, [{ type: 'put', kind: 'skills', key: 'x', object: { name: 'x' } }])

    await expect(server.apply({ skills: [{ name: 'a' }] })).rejects.toThrow('another writer')
    const health = server.health()
    const next = await server.apply({ skills: [{ name: 'a' }] })

    expect(health.status).toBe('degraded')
    expect(next.revision).toBe(3)
    expect(server.current().skill('x')).toBeDefined()
    expect(server.health().status).toBe('ok')
  })
})

describe('a component that follows the configuration', () => {
  it('starts with a snapshot and is told each revision', async () => {
    const { world, server, follow } = await setUp()
    const source = await follow('proxy')
    const told: number[] = []
    source.changed((configuration) => told.push(configuration.revision))

    const first = source.current()
    await server.apply({ skills: [{ name: 'support' }] })
    await server.apply({ dns: [{ number: '1002' }] })
    await world.run(100)

    expect(first.dn('1001')).toEqual(server.current().dn('1001'))
    expect(told).toEqual([2, 3])
    expect(source.current().objects).toEqual(server.current().objects)
  })

  it('keeps its last snapshot when the server is lost, and has the newest when it is back', async () => {
    const { world, server, start, follow } = await setUp()
    const source = await follow('proxy')
    const told: number[] = []
    source.changed((configuration) => told.push(configuration.revision))

    await world.complete(server.stop())
    await world.run(5000)
    const lost = { connected: source.connected, dn: source.current().dn('1001')?.number }
    const again = await start()
    await again.apply({ skills: [{ name: 'support' }] })
    await world.run(5000)

    expect(lost).toEqual({ connected: false, dn: '1001' })
    expect(source.connected).toBe(true)
    expect(told).toEqual([2])
    expect(source.current().objects).toEqual(again.current().objects)
  })

  it('takes thousands of objects, more than one frame holds', async () => {
    const { world, server, follow } = await setUp()
    const source = await follow('proxy')
    const numbers = Array.from({ length: 4000 }, (_, index) => String(20_000 + index))
    await server.apply({
      persons: numbers.map((employeeId) => ({ employeeId, name: `Agent ${employeeId}`, skills: { sales: 1 } })),
      dns: numbers.map((number) => ({ number, secret: 'demo' })),
    })
    await world.run(100)

    const late = await follow('node')

    expect(source.current().objects).toEqual(server.current().objects)
    expect(late.current().objects).toEqual(server.current().objects)
  })
})
