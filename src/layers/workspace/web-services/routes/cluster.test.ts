import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { inbound, setUp } from '../centre.fixture.ts'

describe('the cluster', () => {
  it('shows queues over all data centres, agents with their states, and nodes', async () => {
    const { ask, signIn, put, queues, host } = await setUp(new World(11))
    const token = await signIn('1001')
    put('1001', 'ready')
    put('1002', 'on-call', { since: host.clock.wall() })
    put('1003', 'ready')
    queues.push({ number: '8010', dc: 'dc1', waiting: 2, oldest: host.clock.wall() - 4000, onCall: 1 })
    queues.push({ number: '8010', dc: 'dc2', waiting: 1, oldest: host.clock.wall() - 9000, onCall: 0 })
    const get = async (path: string) => (await ask('GET', `/api/v1/${path}`, undefined, token)).body

    expect(await get('queues')).toMatchObject([
      { number: '8010', name: 'People', waiting: 3, longestWaitSeconds: 9, ready: 1, onCall: 1, dc: 'dc1' },
    ])
    expect(await get('agents')).toMatchObject([
      { employeeId: '1001', state: 'ready', dn: '1001', node: 'node1', dc: 'dc1', live: true, skills: { human: 10 } },
      { employeeId: '1002', state: 'on-call' },
      { employeeId: '1003', state: 'ready' },
    ])
    expect(await get('nodes')).toMatchObject([
      { name: 'node1', dc: 'dc1', ready: true, calls: 0, instances: [{ role: 'primary', epoch: 1, inSync: false }] },
    ])
    expect(await get('overview')).toMatchObject({
      ...{ calls: 0, waiting: 3, agents: { ready: 2, 'on-call': 1 }, nodes: { ready: 1, all: 1 } },
      demo: { username: '1001', password: 'demo' },
    })
  })

  it('shows no call of a node that is lost, and says so', async () => {
    const centre = await setUp(new World(11))
    const { ask, signIn, publish, world, port } = centre
    publish(...inbound(centre).queued())
    await world.run(100)
    const token = await signIn('1001')

    port.close()
    await world.run(50)

    expect((await ask('GET', '/api/v1/calls', undefined, token)).body).toEqual([])
    expect((await ask('GET', '/health')).body).toMatchObject({ status: 'degraded', reasons: ['node1 does not answer'] })
  })

  it('takes objects from administrators, and tells what is wrong with them', async () => {
    const { ask, signIn, applied } = await setUp(new World(11))
    const token = await signIn('1000')
    const apply = (entries: object, verb = 'apply') => ask('POST', `/api/v1/config/${verb}`, { entries }, token)

    const good = await apply({ dns: [{ number: '1009' }] })
    const bad = await apply({ skills: [{ name: 'x' }] })
    const typo = await apply({ skils: [] })
    const preview = await apply({ dns: [] }, 'preview')

    expect(good).toMatchObject({ status: 200, body: { revision: 2, changes: [{ action: 'added', key: '1009' }] } })
    expect(applied).toEqual([[{ dns: [{ number: '1009' }] }, { prune: false }]])
    expect(bad).toMatchObject({ status: 400, body: { reason: 'refused', errors: [{ pointer: '/skills/x' }] } })
    expect(typo.body.detail).toContain('did you mean skills?')
    expect(preview.body).toEqual({ revision: 1, changes: [] })
  })

  it('says of what is not built that it is not', async () => {
    const { ask, signIn } = await setUp(new World(11))

    const answer = await ask('POST', '/api/v1/nodes/node1/drain', undefined, await signIn('1000'))

    expect(answer).toMatchObject({ status: 501, body: { detail: expect.stringContaining('not available yet') } })
  })

  it('describes every request in OpenAPI', async () => {
    const { ask } = await setUp(new World(11))

    const { body } = await ask('GET', '/api/v1/openapi.json')

    expect(body.openapi).toBe('3.1.0')
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/api/v1/session', '/api/v1/me/state', '/api/v1/calls/{connID}/{verb}']),
    )
    expect(body.paths['/api/v1/queues'].get).toMatchObject({ security: [{ bearer: [] }] })
  })
})
