import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { silentLog } from '../log/log.ts'
import type { Connection } from '../runtime/runtime.ts'
import { writeFrame } from './frames.ts'
import { helloFrame } from './hello.ts'
import { keepLink } from './keep-link.ts'
import type { Hello, Link, Opened } from './link.ts'
import { listenLinks } from './listen-links.ts'
import { LocalLinks } from './local-links.ts'

const port = { host: '127.0.0.1', port: 9000 }
const hello = (name: string, more: Partial<Hello> = {}): Hello => ({
  kind: 'node-proxy',
  name,
  dc: 'dc1',
  instance: `${name}-a`,
  epoch: 1,
  ...more,
})

/** One side: what it was told, in order, and its open links. */
function side(refuses: (peer: Hello) => boolean = () => false) {
  const told: string[] = []
  const links: Link[] = []
  const opened: Opened = (link) => {
    if (refuses(link.peer)) return undefined
    const label = `${link.peer.name}/${link.peer.instance}`
    told.push(`open ${label}`)
    links.push(link)
    return {
      frame: (bytes) => void told.push(bytes.length > 40 ? `${bytes.length} bytes` : bytes.toString()),
      closed: () => void told.push(`closed ${label}`),
    }
  }
  const last = (): Link => {
    const link = links.at(-1)
    if (!link) throw new Error('no link is open')
    return link
  }
  return { told, opened, links, last }
}

async function setUp(more: { links?: LocalLinks; proxyEpoch?: number; refuses?: (peer: Hello) => boolean } = {}) {
  const world = new World(3)
  const proxy = side(more.refuses)
  const node = side()
  const local = more.links && { links: more.links }
  const listen = (epoch = 1) =>
    world.complete(
      listenLinks({
        runtime: world.host('proxy'),
        log: silentLog,
        local: port,
        hello: hello('proxy1', { epoch }),
        kinds: { 'node-proxy': proxy.opened },
        ...local,
      }),
    )
  const keep = (who = hello('node1'), host = 'node', opened = node.opened) =>
    keepLink({
      runtime: world.host(local ? 'proxy' : host),
      log: silentLog,
      hello: who,
      locate: () => port,
      opened,
      ...local,
    })
  const dial = async (host = 'stranger') => {
    const connection: Connection = await world.complete(world.host(host).net.connect(port))
    let closed = false
    connection.receive(
      () => {},
      () => {
        closed = true
      },
    )
    return { connection, isClosed: () => closed }
  }
  return { world, proxy, node, listen, keep, dial, listener: await listen(more.proxyEpoch) }
}

for (const carried of ['over TCP', 'inside one process']) {
  const links = () => (carried === 'over TCP' ? {} : { links: new LocalLinks() })

  describe(`a link ${carried}`, () => {
    it('opens with a hello of each side and carries frames of any size, in order, both ways', async () => {
      const { world, proxy, node, keep } = await setUp(links())
      keep()
      await world.runUntil(() => node.links.length === 1)

      for (const frame of ['one', 'two', 'x'.repeat(300_000), 'three']) node.last().send(Buffer.from(frame))
      proxy.last().send(Buffer.from('answer'))
      await world.run(100)

      expect(proxy.last().peer).toEqual(hello('node1'))
      expect(proxy.told).toEqual(['open node1/node1-a', 'one', 'two', '300000 bytes', 'three'])
      expect(node.told).toEqual(['open proxy1/proxy1-a', 'answer'])
    })

    it('tells its user of the end after the turn in which he closed it, and takes nothing more', async () => {
      const { world, proxy, node, keep } = await setUp(links())
      const kept = keep()
      await world.runUntil(() => node.links.length === 1)

      const link = node.last()
      link.send(Buffer.from('last words'))
      kept.close()
      const toldAtOnce = [...node.told]
      await world.run(3000)

      expect(toldAtOnce).toEqual(['open proxy1/proxy1-a'])
      expect(node.told).toEqual(['open proxy1/proxy1-a', 'closed proxy1/proxy1-a'])
      expect(link.send(Buffer.from('more'))).toBe(false)
      expect(proxy.told).toEqual(['open node1/node1-a', 'last words', 'closed node1/node1-a'])
    })

    it('opens again after the listener was away', async () => {
      const { world, proxy, node, keep, listen, listener } = await setUp(links())
      keep()
      await world.runUntil(() => node.links.length === 1)

      await world.complete(listener.close())
      await world.run(5000)
      await listen()
      await world.runUntil(() => node.links.length === 2, 1500)

      expect(node.told).toEqual(['open proxy1/proxy1-a', 'closed proxy1/proxy1-a', 'open proxy1/proxy1-a'])
      expect(proxy.told).toEqual(['open node1/node1-a', 'closed node1/node1-a', 'open node1/node1-a'])
    })

    it('refuses a lower epoch of a name, and closes links of it when a higher one comes (architecture §5)', async () => {
      const { world, proxy, keep } = await setUp(links())
      const primary = side()
      const late = side()
      keep(hello('node1', { epoch: 4 }))
      await world.runUntil(() => proxy.links.length === 1)

      keep(hello('node1', { epoch: 5, instance: 'node1-b' }), 'standby', primary.opened)
      await world.runUntil(() => primary.links.length === 1)
      keep(hello('node1', { epoch: 3, instance: 'node1-c' }), 'late', late.opened)
      await world.run(5000)

      expect(proxy.told).toEqual(['open node1/node1-a', 'closed node1/node1-a', 'open node1/node1-b'])
      expect(late.told).toEqual([])
    })

    it('is closed when its user refuses the peer, and tried again at the pace of the backoff', async () => {
      const { world, proxy, node, keep } = await setUp({ ...links(), refuses: () => true })
      keep()

      await world.run(10_000)

      expect(proxy.told).toEqual([])
      const closings = node.told.filter((line) => line.startsWith('closed')).length
      expect(closings).toBeGreaterThan(5)
      expect(closings).toBeLessThan(30)
    })

    it('cuts off a peer that does not read', async () => {
      const { world, proxy, node, keep } = await setUp(links())
      keep()
      await world.runUntil(() => node.links.length === 1)
      world.links.partition(['node'], ['proxy'])

      const frame = Buffer.alloc(1024 * 1024, 1)
      const taken = Array.from({ length: 20 }, () => proxy.last().send(frame))
      await world.run(0)

      expect([taken[0], taken[14], taken[17], taken[19]]).toEqual([true, true, false, false])
      expect(proxy.told).toEqual(['open node1/node1-a', 'closed node1/node1-a'])
    })

    it('takes no frame that is empty or over 1 MiB', async () => {
      const { world, node, keep } = await setUp(links())
      keep()
      await world.runUntil(() => node.links.length === 1)

      expect(() => node.last().send(Buffer.alloc(0))).toThrow(RangeError)
      expect(() => node.last().send(Buffer.alloc(1024 * 1024 + 1))).toThrow(RangeError)
    })
  })
}

describe('a link over TCP', () => {
  it('is given up by both sides within 3 s when nothing passes any more, and comes back', async () => {
    const { world, proxy, node, keep } = await setUp()
    keep()
    await world.runUntil(() => node.links.length === 1)

    world.links.partition(['node'], ['proxy'])
    await world.run(3000)
    const told = [[...node.told], [...proxy.told]]
    world.links.heal(['node'], ['proxy'])
    await world.runUntil(() => node.links.length === 2)

    expect(told).toEqual([
      ['open proxy1/proxy1-a', 'closed proxy1/proxy1-a'],
      ['open node1/node1-a', 'closed node1/node1-a'],
    ])
  })

  it('lives on when nobody says anything, and when a host stands still for a second', async () => {
    const { world, proxy, node, keep } = await setUp()
    keep()
    await world.runUntil(() => node.links.length === 1)

    await world.run(60_000)
    world.pause('node', 1000)
    await world.run(60_000)

    expect([...node.told, ...proxy.told]).toEqual(['open proxy1/proxy1-a', 'open node1/node1-a'])
  })

  it('survives a network that cuts the stream anywhere', async () => {
    const { world, proxy, node, keep } = await setUp()
    world.links.usual({ split: 1, loss: 0.2 })
    keep()
    await world.runUntil(() => node.links.length === 1)

    for (let n = 0; n < 200; n++) {
      node.last().send(Buffer.from(`frame ${n}`))
      await world.run(1)
    }
    await world.run(2000)

    expect(proxy.told.slice(1)).toEqual(Array.from({ length: 200 }, (_, n) => `frame ${n}`))
  })

  it('reaches a peer that lost its power, under its new instance', async () => {
    const { world, proxy, keep } = await setUp()
    keep()
    await world.runUntil(() => proxy.links.length === 1)

    world.crash('node')
    keep(hello('node1', { instance: 'node1-b', epoch: 2 }))
    await world.runUntil(() => proxy.links.length === 2)

    expect(proxy.told).toEqual(['open node1/node1-a', 'closed node1/node1-a', 'open node1/node1-b'])
  })

  it('replaces the older link of an instance by a newer one, and tells its end first', async () => {
    const { world, proxy, dial } = await setUp()
    const greet = async () => {
      const dialled = await dial()
      writeFrame(helloFrame(hello('node1')), (bytes) => dialled.connection.write(bytes))
      await world.run(100)
      return dialled
    }

    const older = await greet()
    const newer = await greet()

    expect([older.isClosed(), newer.isClosed()]).toEqual([true, false])
    expect(proxy.told).toEqual(['open node1/node1-a', 'closed node1/node1-a', 'open node1/node1-a'])
  })

  it('closes what sends garbage, a hello that is none, another kind, or no hello in 5 s', async () => {
    const { world, proxy, dial } = await setUp()
    const [garbage, wrong, other, silent] = [await dial(), await dial(), await dial(), await dial()]

    garbage.connection.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    writeFrame(Buffer.from('{"kind":"node-proxy","name":7}'), (bytes) => wrong.connection.write(bytes))
    writeFrame(helloFrame(hello('node9', { kind: 'proxy-mesh' })), (bytes) => other.connection.write(bytes))
    await world.run(1000)
    const after = [garbage.isClosed(), wrong.isClosed(), other.isClosed(), silent.isClosed()]
    await world.run(5000)

    expect(after).toEqual([true, true, true, false])
    expect(silent.isClosed()).toBe(true)
    expect(proxy.told).toEqual([])
  })

  it('closes a known peer that goes on with garbage', async () => {
    const { world, proxy, dial } = await setUp()
    const { connection, isClosed } = await dial()
    writeFrame(helloFrame(hello('node1')), (bytes) => connection.write(bytes))
    await world.run(100)

    connection.write(Buffer.alloc(8, 0xff))
    await world.run(100)

    expect(isClosed()).toBe(true)
    expect(proxy.told).toEqual(['open node1/node1-a', 'closed node1/node1-a'])
  })
})
