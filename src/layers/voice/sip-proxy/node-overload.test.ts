import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'
import { newsFrame } from '../model/link-news.ts'
import type { NodeNews } from '../model/overload/feedback.ts'

const at = '10.9.0.1:5060'

/** A carrier that calls a proxy with so many nodes, which can be told to say that they have too much to do. */
async function setUp(nodes: number) {
  const cluster = new ProxyWorld()
  const { world } = cluster
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const all: Awaited<ReturnType<ProxyWorld['node']>>[] = []
  for (let number = 1; number <= nodes; number++) all.push(await cluster.node(`node${number}`, proxy))
  const carrier = await cluster.udp('carrier', { host: '10.9.0.1', port: 5060 }, proxy)
  const tell = async (number: number, reduction: number) => {
    const news: NodeNews = { overload: { reduction, validity: 2000 } }
    all[number - 1]?.link?.send(newsFrame(news))
    await world.run(10)
  }
  const invited = () => all.map((node) => node.requests('INVITE').length)
  const call = async (calls: number, uri?: string) => {
    const before = invited()
    const from = carrier.heard.length
    for (let made = 0; made < calls; made++) {
      carrier.say(requestText('INVITE', { at, ...(uri !== undefined && { uri }) }))
      await world.run(2)
    }
    await world.run(10)
    const refused = carrier.heard.slice(from).filter(({ status }) => status === 503)
    return { refused, taken: invited().map((count, index) => count - (before[index] ?? 0)) }
  }
  return { cluster, world, proxy, carrier, nodes: all, tell, call }
}

describe('a SIP Proxy whose node has too much to do (RFC 7339)', () => {
  it('keeps back the share of new calls that the node has told, with 503 without Retry-After', async () => {
    const { tell, call } = await setUp(1)
    await tell(1, 0.25)

    const { refused, taken } = await call(100)

    expect(refused).toHaveLength(25)
    expect(refused.every((response) => response.header('Retry-After') === undefined)).toBe(true)
    expect(taken).toEqual([75])
  })

  it('gives what one node does not want to another one', async () => {
    const { tell, call } = await setUp(2)
    const before = (await call(100)).taken
    await tell(1, 0.98)

    const { refused, taken } = await call(100)

    expect(Math.min(...before)).toBeGreaterThan(30)
    expect(refused).toEqual([])
    expect(taken[0]).toBeLessThanOrEqual(2)
  })

  it('refuses what no node wants', async () => {
    const { tell, call } = await setUp(2)
    await tell(1, 0.5)
    await tell(2, 0.5)

    const { refused, taken } = await call(200)

    expect(refused.length).toBeGreaterThan(40)
    expect(refused.length).toBeLessThan(60)
    for (const each of taken) expect(each).toBeGreaterThan(60)
  })

  it('tells operators the share of each node, and how many calls no node wanted', async () => {
    const { proxy, tell, call } = await setUp(2)
    await tell(1, 0.5)
    await tell(2, 0.25)

    const { refused } = await call(200)

    const figures = await proxy.figures()
    expect(refused.length).toBeGreaterThan(0)
    expect(figures).toContain('ringmain_sip_proxy_node_reduction{node="node1.dc1",name="proxy1"} 0.5')
    expect(figures).toContain('ringmain_sip_proxy_node_reduction{node="node2.dc1",name="proxy1"} 0.25')
    expect(figures).toContain(
      `ringmain_sip_proxy_refused_total{because="node-overload",name="proxy1"} ${refused.length}`,
    )
  })

  it('takes emergency calls, requests in a dialog and registrations all the same', async () => {
    const { world, carrier, nodes, tell, call } = await setUp(1)
    const [node] = nodes
    if (node === undefined) throw new Error('no node')
    carrier.say(requestText('INVITE', { at, callID: 'before' }))
    await world.run(10)
    node.answer(node.requests('INVITE')[0], 200, [], '<sip:c@node1.dc1>')
    await tell(1, 0.98)
    const fields = [`Route: ${node.requests('INVITE')[0]?.header('Record-Route') ?? ''}`]
    const inDialog = { at, callID: 'before', uri: 'sip:c@node1.dc1', toTag: 'answer', fields }

    const emergency = await call(50, 'sip:112@ringmain')
    carrier.say(requestText('INVITE', { ...inDialog, cseq: 2 }))
    carrier.say(requestText('BYE', { ...inDialog, cseq: 3 }))
    for (let dn = 1; dn <= 10; dn++) carrier.say(registerText(`20${dn}`, { at }))
    await world.run(10)

    expect(emergency).toEqual({ refused: [], taken: [50] })
    expect(node.requests('INVITE')).toHaveLength(52)
    expect(node.requests('BYE')).toHaveLength(1)
    expect(node.requests('REGISTER')).toHaveLength(10)
  })

  it.each(['1002', '112'])(
    'lets a call to %s that was answered 422 and 401 in again each time, to the node that answered it',
    async (dialled) => {
      const uri = `sip:${dialled}@ringmain`
      const { world, carrier, nodes, tell } = await setUp(3)
      for (let number = 1; number <= 3; number++) await tell(number, 0.5)
      for (let made = 0; made < 100; made++) carrier.say(requestText('INVITE', { at, uri }))
      await world.run(10)
      const begun = nodes.map((node) => node.requests('INVITE').map(({ callID }) => callID))
      for (let number = 1; number <= 3; number++) await tell(number, 0.98)

      for (const callID of begun.flat()) carrier.say(requestText('INVITE', { at, uri, callID, cseq: 2 }))
      const fields = ['Authorization: Digest username="1001"']
      for (const callID of begun.flat()) carrier.say(requestText('INVITE', { at, uri, callID, cseq: 3, fields }))
      await world.run(10)

      const came = (again: number) =>
        nodes.map((node) =>
          node
            .requests('INVITE')
            .filter(({ cseq }) => cseq === again)
            .map(({ callID }) => callID),
        )
      expect(begun.flat().length).toBeGreaterThan(50)
      expect([came(2), came(3)]).toEqual([begun, begun])
    },
  )

  it('lets all in again when the node says so, when it is silent, and when another instance took over', async () => {
    const { cluster, world, proxy, tell, call, nodes } = await setUp(1)
    await tell(1, 0.5)
    await tell(1, 0)
    const told = await call(10)
    await tell(1, 0.5)
    await world.run(2_000)
    const silent = await call(10)
    await tell(1, 0.5)
    nodes[0]?.close()
    await world.run(10)
    const standby = await cluster.node('node1', proxy, { host: 'standby', epoch: 2 })
    const { refused } = await call(10)

    expect([told.taken, silent.taken]).toEqual([[10], [10]])
    expect(refused).toEqual([])
    // The twenty before had no answer yet.
    expect(standby.requests('INVITE')).toHaveLength(30)
  })

  it.each<[string, Buffer, number]>([
    ['news of another kind, of a later version: it is left alone', newsFrame({ weather: 'fair' }), 0],
    ['what is no news', Buffer.from([0x81]), 1],
    ['a share that is none', newsFrame({ overload: { reduction: 2, validity: 2000 } }), 1],
  ])('warns of what it cannot follow: %s', async (_what, frame, times) => {
    const warned: object[] = []
    const cluster = new ProxyWorld()
    const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) }
    const proxy = await cluster.proxy('proxy1', '10.0.0.1', { log })
    const node = await cluster.node('node1', proxy)

    node.link?.send(frame)
    await cluster.world.run(10)

    expect(warned).toEqual(Array(times).fill({ node: 'node1.dc1' }))
  })
})
