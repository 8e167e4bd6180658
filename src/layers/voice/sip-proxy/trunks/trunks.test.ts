import { describe, expect, it } from 'vitest'
import type { Address, Connection, UdpPort } from '#platform/runtime/runtime.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { TrunkEntry } from '#protocols/model/entries.ts'
import { type TrunkAtProxy, trunkKeys, trunkTestKeys } from '#protocols/model/http/trunks.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import type { Fields } from '#protocols/sip/message/draft.ts'
import { defaultLimits } from '#protocols/sip/message/limits.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { Framer } from '#protocols/sip/transport/framer.ts'
import { ProxyWorld, requestText } from '#simulation/proxy-world.ts'
import { ScriptedPeer } from '#simulation/sip-peers.ts'
import type { World } from '#simulation/world.ts'
import { rendezvous } from '../../model/rendezvous.ts'

/** A server of the provider, which answers whoever asked. */
class Provider extends ScriptedPeer {
  private readonly askers = new Map<Message, Address>()
  private port: UdpPort | undefined
  /** Where its requests go; answers go to who asked, and then requests, too. */
  to: Address = { host: '10.0.0.1', port: 5060 }

  static async at(world: World, host: string): Promise<Provider> {
    const provider = new Provider()
    const take = (bytes: Buffer, from: Address) => {
      const message = parseMessage(bytes)
      provider.askers.set(message, from)
      provider.heard.push(message)
    }
    provider.port = await world.complete(world.host(host).net.udp({ host, port: 5060 }, take))
    return provider
  }

  override answer(request: Message | undefined, status: number, fields: Fields = []): void {
    this.to = (request && this.askers.get(request)) ?? this.to
    super.answer(request, status, fields)
  }

  protected write(bytes: Buffer): void {
    this.port?.send(bytes, this.to)
  }
}

const registering: Partial<TrunkEntry> = {
  domain: 'provider.example',
  credentials: { username: 'account', secret: 's' },
  registration: { registrars: ['10.9.1.1', '10.9.1.2'] },
}

async function setUp(trunk: Partial<TrunkEntry>) {
  const entry = { name: 'provider', numbers: ['0XXXXX!'], ...trunk }
  const cluster = new ProxyWorld(1, configurationFrom({ dns: [{ number: '1001' }], trunks: [entry] }))
  const { world } = cluster
  const proxies = [await cluster.proxy('proxy1', '10.0.0.1'), await cluster.proxy('proxy2', '10.0.0.2')] as const
  const [first, second] = [await Provider.at(world, '10.9.1.1'), await Provider.at(world, '10.9.1.2')]
  /** What each proxy announces of the trunk. */
  const told = new Map<string, TrunkAtProxy>()
  proxies[0].member.watch(trunkKeys, (entries) => {
    told.clear()
    for (const [key, value] of entries) told.set(key.split('/')[2] ?? '', JSON.parse(value).provider)
  })
  const registrations = () => [...told.values()].flatMap(({ registration }) => registration ?? [])
  return { cluster, world, proxies, first, second, told, registrations }
}

/** Answers every request that waits, for so many seconds. */
async function serve(world: World, peers: readonly Provider[], seconds: number) {
  const answered = new Map(peers.map((peer) => [peer, 0]))
  for (let slice = 0; slice < seconds * 10; slice++) {
    await world.run(100)
    for (const peer of peers) {
      const requests = peer.heard.filter(({ isRequest }) => isRequest)
      for (const request of requests.slice(answered.get(peer))) {
        const contact = request.header('Contact')
        peer.answer(request, 200, contact === undefined ? [] : [['Contact', `${contact};expires=120`]])
      }
      answered.set(peer, requests.length)
    }
  }
}

const lastContact = (peer: Provider) => peer.requests('REGISTER').at(-1)?.header('Contact') ?? ''

describe('a trunk that registers', () => {
  it('is registered by one of the proxies, at its own address, and refreshed in time', async () => {
    const { world, first, second, registrations } = await setUp(registering)

    await serve(world, [first, second], 200)

    expect(registrations()).toEqual([
      { state: 'registered', reason: '', registrar: '10.9.1.1', since: expect.any(String) },
    ])
    const live = first.requests('REGISTER').filter((request) => request.header('Expires') !== '0')
    expect(lastContact(first)).toMatch(/^<sip:account@10\.0\.0\.[12]:5060>$/)
    expect(live.at(-1)?.header('To')).toBe('<sip:account@provider.example>')
    expect(live.length).toBeGreaterThanOrEqual(3)
    expect(second.requests('REGISTER')).toEqual([])
  })

  it('is up as long as one of its registrars answers; the one in use is asked first', async () => {
    const { world, first, second, told, registrations } = await setUp(registering)
    await serve(world, [second], 60)
    const askedBefore = first.requests('OPTIONS').length

    await serve(world, [second], 60)

    expect([...told.values()].map(({ health }) => health.state)).toEqual(['up', 'up'])
    expect(registrations()).toMatchObject([{ state: 'registered', registrar: '10.9.1.2' }])
    const registered = [...told].find(([, { registration }]) => registration !== undefined)?.[0]
    const askers = first.requests('OPTIONS').slice(askedBefore)
    const hosts = new Set(askers.map((request) => request.header('Via')?.match(/10\.0\.0\.(\d)/)?.[1]))
    expect(hosts).toEqual(new Set([registered === 'proxy1' ? '2' : '1']))
  })

  it.each([
    ['at an address of IPv6', '[2001:db8::9]:5060'],
    ['that the DNS finds on IPv6 alone', 'sip.provider.example'],
  ])('tells a provider %s ours', async (_where, registrar) => {
    const entry = { name: 'provider', ...registering, registration: { registrars: [registrar] } }
    const cluster = new ProxyWorld(1, configurationFrom({ trunks: [entry] }))
    const { world } = cluster
    world.nameServers.set('sip.provider.example', 'AAAA', ['2001:db8::9'])
    const listen = ['10.0.0.1', '2001:db8::1'].map((host) => ({ host, port: 5060, transports: ['udp' as const] }))
    await cluster.proxy('proxy1', '10.0.0.1', { listen })
    const provider = await Provider.at(world, '2001:db8::9')

    await world.run(1_000)

    const [first] = provider.requests('REGISTER')
    expect(first?.header('Contact')).toBe('<sip:account@[2001:db8::1]:5060>')
    expect(first?.header('Via')).toContain('[2001:db8::1]:5060')
  })

  it('registers anew when the connection to its registrar has gone, but two minutes apart where that closes every one', async () => {
    const entry = { name: 'provider', ...registering, transport: 'tcp' as const }
    const cluster = new ProxyWorld(1, configurationFrom({ trunks: [entry] }))
    const { world } = cluster
    await cluster.proxy('proxy1', '10.0.0.1')
    const registered: number[] = []
    let connection: Connection | undefined
    const accept = (accepted: Connection) => {
      connection = accepted
      const framer = new Framer(defaultLimits)
      const take = (bytes: Buffer) => {
        const request = parseMessage(bytes)
        if (request.method === 'REGISTER') registered.push(world.now)
        const contact = request.header('Contact')
        const fields: Fields = contact === undefined ? [] : [['Contact', `${contact};expires=600`]]
        accepted.write(buildResponse(request, 200, { toTag: 'answer', fields }).bytes)
      }
      accepted.receive(
        (bytes) => framer.push(bytes, take, () => {}),
        () => {},
      )
    }
    await world.complete(world.host('provider').net.listen({ host: '10.9.1.1', port: 5060 }, accept))
    await world.run(5_000)
    const before = registered.length

    connection?.end()
    await world.run(1_100)
    const again = registered.length
    connection?.end()
    await world.run(60_000)
    const soon = registered.length
    await world.run(62_000)

    expect([before, again, soon, registered.length]).toEqual([1, 2, 2, 3])
  })

  it('goes to the second registrar where the first does not answer, and says at which it is', async () => {
    const { world, second, registrations } = await setUp(registering)

    await serve(world, [second], 15)

    expect(registrations()).toMatchObject([{ state: 'registered', registrar: '10.9.1.2' }])
  })

  it('is registered by the other proxy when one is gone', async () => {
    const { cluster, world, proxies, first, second } = await setUp(registering)
    await serve(world, [first, second], 5)
    const before = lastContact(first)
    const gone = before.includes('10.0.0.1') ? 0 : 1

    cluster.crash(`proxy${gone + 1}`, proxies[gone])
    await serve(world, [first, second], 10)

    expect(lastContact(first)).toContain(gone === 0 ? '10.0.0.2' : '10.0.0.1')
  })

  it('is registered by a proxy that comes later, where that is its place, and the one before says no more that it is', async () => {
    const { cluster, world, first, registrations } = await setUp(registering)
    const places = (name: string) => rendezvous('provider', ['proxy1.dc1', 'proxy2.dc1', `${name}.dc1`])
    const later = ['proxy3', 'proxy4', 'proxy5', 'proxy6', 'proxy7'].find((name) => places(name) === `${name}.dc1`)
    await serve(world, [first], 5)

    await cluster.proxy(later ?? '', '10.0.0.9')
    await serve(world, [first], 5)

    const live = first.requests('REGISTER').filter((request) => request.header('Expires') !== '0')
    expect(live.at(-1)?.header('Contact')).toContain('10.0.0.9')
    expect(registrations()).toHaveLength(1)
  })

  it('is taken back by the last proxy alone where all are reached at one name: one that starts, ends or hands it over leaves it to the next', async () => {
    const cluster = new ProxyWorld(1, configurationFrom({ trunks: [{ name: 'provider', ...registering }] }))
    const { world } = cluster
    const provider = await Provider.at(world, '10.9.1.1')
    const running: { stop(): Promise<void> }[] = []
    for (let n = 1; n <= 5; n++) {
      const proxy = await cluster.proxy(`proxy${n}`, `10.0.0.${n}`, { advertise: { host: 'dc1.example' } })
      running.push(proxy.running)
      await serve(world, [provider], 3)
    }
    const stop = async (one: { stop(): Promise<void> } | undefined) => {
      const stopped = one?.stop()
      await serve(world, [provider], 3)
      await world.complete(Promise.resolve(stopped))
    }

    for (const one of running.slice(0, -1)) await stop(one)
    const before = provider.requests('REGISTER')
    await stop(running.at(-1))

    expect(new Set(before.map((request) => request.header('Contact')))).toEqual(new Set(['<sip:account@dc1.example>']))
    expect(before.filter((request) => request.header('Expires') === '0')).toEqual([])
    expect(new Set(before.map(({ callID }) => callID)).size).toBeGreaterThan(1)
    expect(provider.requests('REGISTER').at(-1)?.header('Expires')).toBe('0')
  })

  it('takes its binding back when the proxy stops', async () => {
    const { world, proxies, first, second } = await setUp(registering)
    await serve(world, [first, second], 5)

    const stopped = Promise.all(proxies.map(({ running }) => running.stop()))
    await serve(world, [first, second], 3)
    await world.complete(stopped)

    expect(first.requests('REGISTER').at(-1)?.header('Expires')).toBe('0')
  })

  it('is registered anew where it has changed, after its old binding was taken back', async () => {
    const of = (expires: number) =>
      configurationFrom({
        trunks: [{ name: 'provider', ...registering, registration: { registrars: ['10.9.1.1'], expires } }],
      })
    const cluster = new ProxyWorld(1, of(120))
    await cluster.proxy('proxy1', '10.0.0.1')
    const provider = await Provider.at(cluster.world, '10.9.1.1')
    await serve(cluster.world, [provider], 3)

    const asked = () => [...new Set(provider.requests('REGISTER').map((request) => request.header('Expires')))]
    cluster.configure(of(300))
    await cluster.world.run(1_000)
    const unanswered = asked()
    await serve(cluster.world, [provider], 3)

    expect(unanswered).toEqual(['120', '0'])
    expect(asked()).toEqual(['120', '0', '300'])
  })

  it('brings calls from where it registers, though no sources are named', async () => {
    const { cluster, world, proxies, first, second } = await setUp(registering)
    const node = await cluster.node('node1', proxies[0])
    await serve(world, [first, second], 5)

    first.to = proxies[0].sip
    first.say(requestText('INVITE', { uri: 'sip:account@10.0.0.1', user: '+4420', at: '10.9.1.1:5060' }))
    await world.run(100)

    expect(node.requests('INVITE')[0]?.header('X-Ringmain-Source')).toMatch(/^trunk=provider;/)
  })

  it('brings calls from its registrars to every proxy, though calls go out to another server', async () => {
    const { cluster, world, proxies, first, second } = await setUp({
      ...registering,
      destination: '10.9.1.2:5060',
      registration: { registrars: ['10.9.1.1'] },
    })
    await serve(world, [first, second], 5)
    const other = proxies[lastContact(first).includes('10.0.0.1') ? 1 : 0]
    const node = await cluster.node('node1', other)

    first.to = other.sip
    first.say(requestText('INVITE', { uri: 'sip:account@10.0.0.1', user: '+4420', at: '10.9.1.1:5060' }))
    await world.run(100)

    expect(node.requests('INVITE')[0]?.header('X-Ringmain-Source')).toMatch(/^trunk=provider;/)
  })

  it('brings calls for an hour from an address that the DNS names no longer: it may name others each time', async () => {
    const { cluster, world, proxies, first, second } = await setUp({
      ...registering,
      registration: { registrars: ['sip.provider.example:5060'] },
    })
    world.nameServers.set('sip.provider.example', 'A', ['10.9.1.1'], 20)
    const node = await cluster.node('node1', proxies[0])
    await serve(world, [first, second], 5)
    const invite = () => {
      first.to = proxies[0].sip
      first.say(requestText('INVITE', { uri: 'sip:account@10.0.0.1', user: '+4420', at: '10.9.1.1' }))
    }
    const source = () => node.requests('INVITE').at(-1)?.header('X-Ringmain-Source')?.split(';')[0]

    world.nameServers.set('sip.provider.example', 'A', ['10.9.1.2'], 20)
    await serve(world, [first, second], 60)
    invite()
    await world.run(100)
    const soon = source()
    await world.run(3_600_000)
    invite()
    await world.run(100)

    expect([soon, source()]).toEqual(['trunk=provider', 'endpoint'])
  })

  it('calls out by registrars that are all names nobody has looked up yet', async () => {
    const registrars = ['a.provider.example', 'b.provider.example']
    const { cluster, world, proxies, first } = await setUp({ ...registering, registration: { registrars } })
    for (const [index, name] of registrars.entries()) world.nameServers.set(name, 'A', [`10.9.1.${index + 1}`], 1)
    const node = await cluster.node('node1', proxies[0])
    await world.run(15_000)

    const fields = ['X-Ringmain-Trunk: provider']
    const at = { user: 'c', at: 'node1.dc1', transport: 'TCP', contact: '<sip:c@node1.dc1>', fields }
    node.say(requestText('INVITE', { ...at, uri: 'sip:0044123@provider.example' }))
    await world.run(100)

    expect(node.statuses('INVITE')).toEqual([])
    expect(first.requests('INVITE')).toHaveLength(1)
  })

  it('calls out by its registrars, the next one where one is away, and shows nobody how', async () => {
    const { cluster, world, proxies, second } = await setUp(registering)
    const node = await cluster.node('node1', proxies[0])
    const fields = ['X-Ringmain-Trunk: provider']
    const at = { user: 'c', at: 'node1.dc1', transport: 'TCP', contact: '<sip:c@node1.dc1>', fields }

    node.say(requestText('INVITE', { ...at, uri: 'sip:0044123@provider.example' }))
    await world.run(4_500)

    const invite = second.requests('INVITE')[0]
    expect(invite?.requestURI).toBe('sip:0044123@provider.example')
    expect(invite?.header('X-Ringmain-Trunk')).toBeUndefined()
  })
})

describe('the health of a trunk', () => {
  it('is up where its server answers OPTIONS, whatever it says, and down where it does not or says 503', async () => {
    const { world, first, told } = await setUp({ destination: '10.9.1.1:5060' })
    const states = () => [...told.values()].map(({ health }) => `${health.state} ${health.reason}`.trim())

    await world.run(2_000)
    for (const request of first.requests('OPTIONS')) first.answer(request, 405)
    await world.run(100)
    const up = states()
    await world.run(26_000)
    for (const request of first.requests('OPTIONS').slice(2)) first.answer(request, 503)
    await world.run(100)
    const busy = states()
    await world.run(60_000)

    expect(up).toEqual(['up', 'up'])
    expect(busy).toEqual(Array(2).fill('down it answers 503 Service Unavailable'))
    expect(states()).toEqual(Array(2).fill('down it does not answer'))
  })

  it('has the names of all its servers looked up ahead: one that is dead lets no call wait', async () => {
    const trunk = { domain: 'provider.example', registration: { registrars: ['a.example', 'dead.example'] } }
    const { cluster, world, proxies, first } = await setUp({ ...registering, ...trunk, numbers: ['XXXXX!'] })
    world.nameServers.set('a.example', 'A', ['10.9.1.1'], 10)
    for (const name of ['dead.example', '_sip._udp.dead.example']) world.nameServers.dead.add(name)
    const node = await cluster.node('node1', proxies[0])
    await world.run(12_000)

    for (let call = 0; call < 20; call++) {
      await world.run(6_000)
      const callID = `call-${call}`
      node.say(
        requestText('INVITE', {
          ...{ callID, uri: 'sip:0123456@provider.example', user: 'c', at: 'node1.dc1', transport: 'TCP' },
          ...{ contact: '<sip:c@node1.dc1>', fields: ['X-Ringmain-Trunk: provider'] },
        }),
      )
      await world.run(100)
      expect(first.requests('INVITE').at(-1)?.callID).toBe(callID)
      first.answer(first.requests('INVITE').at(-1), 486)
    }
  })

  it('says that the DNS does not know the server', async () => {
    const { world, told } = await setUp({ destination: 'nowhere.example' })

    await world.run(5_000)

    expect([...told.values()].map(({ health }) => health.reason)).toEqual(
      Array(2).fill('nowhere.example: the DNS has no address for it'),
    )
  })

  it('is tested at once by every proxy that is asked, which says so', async () => {
    const { world, proxies, first, told } = await setUp({ destination: '10.9.1.1:5060' })
    await serve(world, [first], 3)
    const before = first.requests('OPTIONS').length

    await world.complete(proxies[1].member.announce(`${trunkTestKeys}provider`, 'test-1'))
    await serve(world, [first], 1)

    expect(first.requests('OPTIONS').length - before).toBe(2)
    expect([...told.values()].map(({ tested }) => tested)).toEqual(['test-1', 'test-1'])
  })

  // Of a dead name first the SRV and then the addresses are waited for, 5 s each.
  it.each([
    { dead: ['a.example', 'b.example'], silent: ['10.9.1.1', '10.9.1.2', '10.9.1.3'], within: 10_000 + 3 * 2_000 },
    { dead: ['a.example'], silent: ['10.9.1.1'], within: 10_000 + 2_000 },
  ])(
    'is tested in time where none of many answers, all looked up at once and asked for 2 s each: %o',
    async (servers) => {
      const { dead, silent, within } = servers
      const registrars = [...dead, ...silent]
      const { world, proxies, told } = await setUp({ ...registering, registration: { registrars } })
      for (const name of dead.flatMap((host) => [host, `_sip._udp.${host}`])) world.nameServers.dead.add(name)

      await world.complete(proxies[1].member.announce(`${trunkTestKeys}provider`, 'test-1'))
      await world.run(within + 500)

      const found = [...told.values()].map(({ tested, health }) => `${tested} ${health.state} ${health.reason}`)
      expect(found).toEqual(Array(2).fill('test-1 down it does not answer'))
    },
  )
})
