import { describe, expect, it } from 'vitest'
import { timestamp } from '#platform/time.ts'
import { type BanAtProxy, type BanOrders, banKeys, banOrdersKey } from '#protocols/model/http/bans.ts'
import { ProxyWorld, requestText } from '#simulation/proxy-world.ts'

async function setUp() {
  const cluster = new ProxyWorld()
  const { world } = cluster
  const proxy = await cluster.proxy('proxy1', '10.0.0.1', { defence: { banSeconds: 60, failures: { burst: 50 } } })
  const node = await cluster.node('node1', proxy)
  const peer = (host: string) => cluster.udp(host, { host, port: 5060 }, proxy)
  const hears = async (who: Awaited<ReturnType<typeof peer>>) => {
    const before = who.statuses('OPTIONS').length
    who.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1' }))
    await world.run(10)
    return who.statuses('OPTIONS').length > before
  }
  const announced: BanAtProxy[][] = []
  proxy.member.watch(banKeys, (entries) => {
    for (const text of entries.values()) announced.push(JSON.parse(text))
  })
  let revision = 0
  const order = async (orders: Partial<BanOrders>) => {
    const text = JSON.stringify({ bans: [], lifts: [], ...orders })
    const { entry } = await world.complete(proxy.member.compareAndSet(banOrdersKey, revision, text))
    revision = entry?.revision ?? 0
    await world.run(10)
  }
  const ban = (source: string, seconds: number) => {
    const until = timestamp(world.host('operator').clock.wall() + 1000 * seconds)
    return { source, because: 'it scans us', by: '1000', until }
  }
  const guess = async (who: Awaited<ReturnType<typeof peer>>) => {
    const fields = ['Authorization: Digest username="1001"']
    for (let n = 0; n < 5; n++) {
      who.say(requestText('REGISTER', { uri: 'sip:ringmain', to: 'sip:1001@ringmain', fields }))
      await world.run(10)
      for (const request of node.heard.splice(0)) if (request.isRequest) node.answer(request, 401)
      await world.run(10)
    }
  }
  const forget = async () => {
    await (await proxy.member.announce(banOrdersKey, '')).withdraw()
    revision = 0
    await world.run(10)
  }
  return { world, peer, hears, announced, order, forget, ban, guess }
}

describe('bans of a proxy', () => {
  it('are told with what for and until when, and lifted when an operator wants it, once', async () => {
    const { world, peer, hears, announced, order, guess } = await setUp()
    const guesser = await peer('192.0.2.7')
    await guess(guesser)
    expect(await hears(guesser)).toBe(false)
    await world.run(1_000)
    expect(announced.at(-1)).toMatchObject([{ source: '192.0.2.7', over: 'datagrams', because: 'wrong credentials' }])

    await order({ lifts: [{ id: 'a', source: '192.0.2.7' }] })
    expect(await hears(guesser)).toBe(true)
    await world.run(1_000)
    expect(announced.at(-1)).toEqual([])
    await guess(guesser)
    await order({ lifts: [{ id: 'a', source: '192.0.2.7' }] })

    expect(await hears(guesser)).toBe(false)
  })

  it('are lifted also after what operators ordered has been deleted, and none of that holds any more', async () => {
    const { peer, hears, order, forget, ban, guess } = await setUp()
    const guesser = await peer('192.0.2.7')
    const scanner = await peer('198.51.100.9')
    await order({ bans: [ban('198.51.100.9', 60)], lifts: [{ id: 'a', source: '192.0.2.7' }] })
    await guess(guesser)

    await forget()
    const scannerIsHeard = await hears(scanner)
    await order({ lifts: [{ id: 'b', source: '192.0.2.7' }] })

    expect([scannerIsHeard, await hears(guesser)]).toEqual([true, true])
  })

  it('that operators order hold for ranges and trunks, until their time or until they are lifted', async () => {
    const { world, peer, hears, order, ban } = await setUp()
    const scanner = await peer('198.51.100.9')
    const trunk = await peer('10.9.3.4')
    const other = await peer('198.51.101.9')

    await order({ bans: [ban('198.51.100.0/24', 60), ban('10.9.3.4', 60)] })
    expect([await hears(scanner), await hears(trunk), await hears(other)]).toEqual([false, false, true])

    await order({ bans: [ban('198.51.100.0/24', 60)] })
    expect([await hears(scanner), await hears(trunk)]).toEqual([false, true])
    await world.run(61_000)
    expect(await hears(scanner)).toBe(true)
  })
})
