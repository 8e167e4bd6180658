import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { otherUUID, setUp } from './centre.fixture.ts'

describe('signing in', () => {
  it("gives a token and who one is; the phone's servers begin with those of the own data centre", async () => {
    const { ask } = await setUp(new World(11))

    const { status, body } = await ask('POST', '/api/v1/session', { username: '1002', password: 'demo' })
    const me = await ask('GET', '/api/v1/me', undefined, body.token)

    expect(status).toBe(201)
    expect(me.body).toEqual(body.me)
    expect(me.body).toMatchObject({
      ...{ employeeId: '1002', name: 'Bob', roles: ['agent'], state: 'logged-out', calls: [] },
      phone: { aor: 'sip:1002@ringmain', servers: ['sip:127.0.0.1:5080', 'sip:127.0.0.1:5060'] },
    })
  })

  it('refuses a wrong password, an unknown name, and after ten guesses any password for a minute', async () => {
    const { world, ask } = await setUp(new World(11))
    const guess = (password: string, username = '1002') => ask('POST', '/api/v1/session', { username, password })

    const wrong = []
    for (let n = 0; n < 10; n++) wrong.push((await guess(`${n}`)).status)
    const right = (await guess('demo')).status
    const unknown = (await guess('demo', '9999')).status
    await world.run(60_000)

    expect(new Set(wrong)).toEqual(new Set([401]))
    expect([right, unknown, (await guess('demo')).status]).toEqual([429, 401, 201])
  })

  it('needs a token for all but the overview, health and the description', async () => {
    const { ask } = await setUp(new World(11))
    const status = async (path: string, token?: string) => (await ask('GET', path, undefined, token)).status

    expect(await status('/api/v1/agents')).toBe(401)
    expect(await status('/api/v1/agents', 'eyJzdWIiOiIxMDAxIn0.AAAA')).toBe(401)
    expect([await status('/api/v1/overview'), await status('/health')]).toEqual([200, 200])
  })

  it('ends after its hours', async () => {
    const { world, ask, signIn } = await setUp(new World(11))
    const token = await signIn('1002')

    await world.run(12 * 3_600_000)

    expect((await ask('GET', '/api/v1/me', undefined, token)).status).toBe(401)
  })

  it('takes the token of the token file for an administrator', async () => {
    const { ask, host, world } = await setUp(new World(11))
    const token = (await world.complete(host.disk.read('data/token'))).toString().trim()

    expect((await ask('GET', '/api/v1/config', undefined, token)).body).toMatchObject({ revision: 1 })
    expect((await ask('PUT', '/api/v1/me/place', { dn: '1001' }, token)).status).toBe(409)
  })

  it('lets agents see their own, supervisors all, and administrators change', async () => {
    const { ask, signIn, filters } = await setUp(new World(11))
    const [agent, stranger, supervisor] = [await signIn('1002'), await signIn('1003'), await signIn('1001')]
    const get = (path: string, token: string) => ask('GET', `/api/v1/${path}`, undefined, token)
    const statuses = async (path: string) => [
      (await get(path, agent)).status,
      (await get(path, stranger)).status,
      (await get(path, supervisor)).status,
    ]

    expect(await statuses(`interactions/${otherUUID}`)).toEqual([200, 404, 200])
    for (const form of ['ladder', 'ladder.pcap', 'ladder.txt'])
      expect(await statuses(`calls/${otherUUID}/${form}`)).toEqual([200, 404, 200])
    expect(await statuses('nodes')).toEqual([403, 403, 200])
    expect(await statuses('config')).toEqual([403, 403, 403])
    await get('interactions?agent=1003', agent)
    await get('interactions?agent=1003&limit=7', supervisor)
    expect(filters).toMatchObject([
      { agent: '1002', limit: 100 },
      { agent: '1003', limit: 7 },
    ])
  })
})
