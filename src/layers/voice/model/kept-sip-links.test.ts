import { describe, expect, it } from 'vitest'
import { listenLinks } from '#platform/link/listen-links.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { World } from '#simulation/world.ts'
import { KeptSipLinks } from './kept-sip-links.ts'

const hello = (name: string) => ({ name, dc: 'dc1', instance: name, epoch: 0 })

async function setUp() {
  const world = new World()
  const listen = (name: string, host: string) =>
    world.complete(
      listenLinks({
        runtime: world.host(name),
        log: silentLog,
        local: { host, port: 9000 },
        hello: hello(name),
        kinds: { 'node-proxy': () => ({ frame() {}, closed() {} }) },
      }),
    )
  const runtime = world.host('node')
  const links = new KeptSipLinks({
    runtime,
    log: silentLog,
    hello: { ...hello('node1.dc1'), kind: 'node-proxy' },
    links: undefined,
    transport: new SipTransport({ runtime, log: silentLog, metrics: noMetrics }),
    sentBy: { host: 'node1.dc1', port: 0 },
  })
  const listeners = [await listen('proxy1', '10.0.0.1'), await listen('proxy2', '10.0.0.2')]
  const entries = listeners.map(({ local }, index) => {
    const value = JSON.stringify({ listen: [`sip:${local.host}:5060`], link: local })
    return [`sip-proxy/dc1/proxy${index + 1}`, value] as const
  })
  links.follow(new Map(entries))
  await world.run(100)
  return { world, links, listen, first: listeners[0] }
}

describe('links kept to all proxies', () => {
  it('take a request to the proxy that its URI names, to another while that one has no link, then to it again', async () => {
    const { world, links, listen, first } = await setUp()
    const ways: (string | undefined)[] = []
    const ask = () => ways.push(links.nextHop('sip:10.0.0.1:5060;lr')?.host, links.named('sip:10.0.0.1;lr')?.host)

    ask()
    await world.complete(first?.close() ?? Promise.resolve())
    await world.run(100)
    ask()
    await listen('proxy1', '10.0.0.1')
    await world.run(3000)
    ask()

    expect(ways).toEqual(['proxy1.dc1', 'proxy1.dc1', 'proxy2.dc1', undefined, 'proxy1.dc1', 'proxy1.dc1'])
  })

  it.each([
    ['sip:10.0.0.2;lr;node=bm9kZTE;flow=cHJveHk', 'proxy2.dc1'],
    ['sip:10.0.0.2:5060;lr;flow=YW5vdGhlcg', 'proxy2.dc1'],
    ['sips:10.0.0.1', 'proxy1.dc1'],
    ['sip:10.0.0.2;x@10.0.0.1;lr', 'proxy1.dc1'],
    ['sip:10.0.0.2:5070;lr', undefined],
  ])('know the proxy of %s by host and port, whatever parameters it has', async (uri, proxy) => {
    const { links } = await setUp()

    expect([links.named(uri)?.host, links.named(uri)?.host]).toEqual([proxy, proxy])
  })
})
