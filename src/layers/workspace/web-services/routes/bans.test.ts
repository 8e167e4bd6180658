import { describe, expect, it } from 'vitest'
import { timestamp } from '#platform/time.ts'
import { type BanOrders, banKeys, banOrdersKey } from '#protocols/model/http/bans.ts'
import { World } from '#simulation/world.ts'
import { setUp } from '../centre.fixture.ts'

async function withBans() {
  const centre = await setUp(new World(11))
  const { ask, signIn, coordination, host, world } = centre
  const token = await signIn('1000')
  const until = (seconds: number) => timestamp(host.clock.wall() + 1000 * seconds)
  const announce = async (proxy: string, source: string, seconds: number) => {
    const bans = [{ source, over: 'datagrams', because: 'wrong credentials', until: until(seconds) }]
    await coordination.announce(`${banKeys}${proxy}`, JSON.stringify(bans))
    await world.run(10)
  }
  const orders = async (): Promise<BanOrders> => JSON.parse((await coordination.get(banOrdersKey))?.value ?? '{}')
  return {
    ...centre,
    until,
    announce,
    orders,
    list: async () => (await ask('GET', '/api/v1/bans', undefined, token)).body,
    add: (body: object) => ask('POST', '/api/v1/bans', body, token),
    lift: (source: string) => ask('DELETE', `/api/v1/bans/${encodeURIComponent(source)}`, undefined, token),
  }
}

describe('bans', () => {
  it('are those of all proxies, each once, as long as they hold', async () => {
    const { world, announce, list, until } = await withBans()
    await announce('dc1/proxy1', '192.0.2.1', 60)
    await announce('dc2/proxy3', '192.0.2.1', 90)
    await announce('dc1/proxy2', '192.0.2.2', 5)
    const longer = until(89.99)

    expect(await list()).toMatchObject([
      { source: '192.0.2.1', of: 'datagrams', because: 'wrong credentials', proxies: ['proxy1.dc1', 'proxy3.dc2'] },
      { source: '192.0.2.2', proxies: ['proxy2.dc1'] },
    ])
    expect((await list())[0].until > until(80) && (await list())[0].until <= longer).toBe(true)
    await world.run(6_000)
    expect(await list()).toMatchObject([{ source: '192.0.2.1' }])
  })

  it('are ordered for all proxies until a time, and told in the log with who ordered them', async () => {
    const { world, add, list, orders, warned, until } = await withBans()
    const ends = until(600)

    const added = await add({ source: '198.51.100.0/24', seconds: 600, because: 'scans us' })
    await add({ source: '198.51.100.0/24', seconds: 700 })

    expect(added).toMatchObject({ status: 201, body: { source: '198.51.100.0/24', of: 'everything', by: '1000' } })
    expect(added.body.until >= ends).toBe(true)
    expect((await orders()).bans).toHaveLength(1)
    expect(warned[0]).toEqual({
      ...{ source: '198.51.100.0/24', seconds: 600, because: 'scans us', by: '1000' },
      text: 'an operator banned a source',
    })
    expect(await list()).toMatchObject([{ source: '198.51.100.0/24', because: 'an operator wants it' }])
    await world.run(701_000)
    expect(await list()).toEqual([])
  })

  it('are lifted, whoever made them: every proxy is told', async () => {
    const { announce, add, lift, orders, warned } = await withBans()
    await announce('dc1/proxy1', '2001:db8:0:1::/64', 600)
    await add({ source: '192.0.2.9' })

    const own = await lift('2001:db8:0:1::7')
    const ordered = await lift('192.0.2.9')
    const unknown = await lift('192.0.2.10')

    expect(own).toMatchObject({ status: 200, body: [{ source: '2001:db8:0:1::/64', proxies: ['proxy1.dc1'] }] })
    expect(ordered).toMatchObject({ status: 200, body: [{ source: '192.0.2.9', by: '1000' }] })
    expect(unknown).toMatchObject({
      status: 404,
      body: { detail: '192.0.2.10 is not banned: name it as the list of bans does' },
    })
    expect(await orders()).toEqual({
      bans: [],
      lifts: [
        { id: expect.any(String), source: '2001:db8:0:1::/64' },
        { id: expect.any(String), source: '192.0.2.9' },
      ],
    })
    expect(warned.at(-1)).toEqual({ source: '192.0.2.9', by: '1000', text: 'an operator lifted the ban of a source' })
  })

  it('are of networks, however these are spelt: one ban and one lift of each', async () => {
    const { announce, add, lift, list, orders } = await withBans()
    await announce('dc1/proxy1', '2001:db8::/64', 600)

    await add({ source: '10.1.2.3/24' })
    await add({ source: '10.1.2.0/24' })
    await add({ source: '::ffff:192.0.2.9' })
    const inside = await lift('10.1.2.7')
    const lifted = [await lift('10.1.2.9/24'), await lift('192.0.2.9/32'), await lift('2001:DB8:0::1')]

    expect(inside).toMatchObject({
      status: 404,
      body: { detail: '10.1.2.7 is banned with all of 10.1.2.0/24: lift that' },
    })
    expect(lifted.map(({ status, body }) => [status, body.map(({ source }: { source: string }) => source)])).toEqual([
      [200, ['10.1.2.0/24']],
      [200, ['192.0.2.9']],
      [200, ['2001:db8::/64']],
    ])
    expect((await orders()).lifts.map(({ source }) => source)).toEqual(['10.1.2.0/24', '192.0.2.9', '2001:db8::/64'])
    expect(await list()).toMatchObject([{ source: '2001:db8::/64', proxies: ['proxy1.dc1'] }])
  })

  it.each([
    ['0.0.0.0/0', 'a large part of all addresses, this host, the proxy proxy1.dc1'],
    ['::/0', 'a large part of all addresses, this host, and the proxy proxy9.dc2'],
    ['128.0.0.0/1', 'a large part of all addresses'],
    ['127.0.0.1', 'this host'],
    ['10.7.0.0/16', 'the media server m1.dc1'],
    ['2001:db8:7::/48', 'the proxy proxy9.dc2'],
    ['203.0.113.4', 'the trunk carrier'],
    ['198.51.100.66', 'the trunk carrier'],
  ])(
    'of whom the cluster needs are refused, with whom they would silence, unless they are forced: %s',
    async (source, whom) => {
      const { coordination, world, add, list } = await withBans()
      await coordination.announce('media-server/dc1/m1', '{"sip":{"host":"10.7.0.9","port":5060},"ports":9}')
      await coordination.announce('sip-proxy/dc2/proxy9', '{"listen":["sip:[2001:db8:7::1]:5060;transport=udp"]}')
      const servers = { carrier: { servers: ['198.51.100.66:5060'] } }
      await coordination.announce('trunk/dc1/proxy1', JSON.stringify(servers))
      await world.run(10)

      const refused = await add({ source })
      const before = await list()
      const forced = await add({ source, force: true })

      expect([refused.status, before, forced.status]).toEqual([409, [], 201])
      expect(refused.body.detail).toContain(`${source} is not banned: it would silence ${whom}`)
      expect(refused.body.detail).toMatch(/; ban a smaller range, or force it \(--force\)$/)
    },
  )

  it('are for administrators, and of addresses alone', async () => {
    const { ask, signIn, add, lift } = await withBans()
    const supervisor = await signIn('1001')

    const refused = await ask('POST', '/api/v1/bans', { source: '192.0.2.1' }, supervisor)
    const name = await add({ source: 'sip.example' })
    const forever = await add({ source: '192.0.2.1', seconds: 1e9 })
    const half = await lift('a:b')

    expect([refused.status, name.status, forever.status, half.status]).toEqual([403, 400, 400, 404])
    expect(name.body.detail).toContain('no address or range')
  })
})
