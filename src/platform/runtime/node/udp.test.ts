import { createSocket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '#platform/deferred.ts'
import { AddressInUse, CannotListen } from '#platform/runtime/errors.ts'
import type { Address } from '#platform/runtime/runtime.ts'
import { hasLayouts, libc } from './libc.ts'
import { bindUdp, type NodeUdpPort, type Receive } from './udp.ts'

const anyPort: Address = { host: '127.0.0.1', port: 0 }
const ways = [
  ['past Node.js', libc],
  ['by Node.js alone', undefined],
] as const

const ports: NodeUdpPort[] = []
afterEach(async () => {
  await Promise.all(ports.splice(0).map((port) => port.close()))
})

describe.each(ways)('UDP %s', (_way, calls) => {
  const open = async (receive: Receive, local = anyPort) => {
    const port = await bindUdp(local, receive, calls)
    ports.push(port)
    return port
  }

  it('carries datagrams both ways and tells who sent them', async () => {
    const echo = await open((bytes, from) => echo.send(bytes, from))

    const answer = await new Promise<[string, Address]>((resolve) => {
      const port = open((bytes, from) => resolve([bytes.toString(), from]))
      port.then((opened) => opened.send(Buffer.from('hello'), echo.local))
    })

    expect(answer).toEqual(['hello', echo.local])
  })

  it('tells of each datagram of a burst once, in order, whole, with its sender', async () => {
    const sizes = Array.from({ length: 200 }, (_, at) => (at % 50 === 7 ? 60_000 : at))
    const heard: [Buffer, Address][] = []
    const all = deferred<void>()
    const port = await open((bytes, from) => {
      if (heard.push([bytes, from]) === sizes.length) all.resolve()
    })
    const sender = await open(() => {})

    for (const [at, size] of sizes.entries()) sender.send(Buffer.alloc(size, at), port.local)
    await all.promise

    expect(heard.map(([bytes]) => bytes.length)).toEqual(sizes)
    expect(heard.every(([bytes], at) => bytes.every((byte) => byte === at))).toBe(true)
    expect(new Set(heard.map(([, from]) => `${from.host}:${from.port}`))).toEqual(
      new Set([`${sender.local.host}:${sender.local.port}`]),
    )
  })

  it('tells of no datagram once it is asked to close, even in the middle of a burst', async () => {
    let heard = 0
    const closed = deferred<Promise<void>>()
    const port = await open(() => {
      heard++
      if (heard === 3) closed.resolve(port.close())
    })
    const sender = await open(() => {})

    for (let at = 0; at < 50; at++) sender.send(Buffer.from('x'), port.local)
    await await closed.promise

    expect(heard).toBe(3)
  })

  it('leaves others their turn in a flood', async () => {
    let heard = 0
    const turn = deferred<number>()
    const port = await open(() => {
      heard++
      if (heard === 1) setImmediate(() => turn.resolve(heard))
    })
    const sender = await open(() => {})

    for (let at = 0; at < 500; at++) sender.send(Buffer.from('x'), port.local)

    expect(await turn.promise).toBeLessThan(100)
  })

  it('shares its address with nobody, even one who asks to', async () => {
    const port = await open(() => {})
    const other = createSocket({ type: 'udp4', reuseAddr: true })
    const refused = new Promise<NodeJS.ErrnoException>((resolve) => other.once('error', resolve))

    other.bind(port.local.port, port.local.host, () => other.emit('error', new Error('was let in')))

    expect((await refused).code).toBe('EADDRINUSE')
    other.close()
  })

  it('names the address that is already in use', async () => {
    const port = await open(() => {})

    const second = open(() => {}, port.local)

    await expect(second).rejects.toThrow(AddressInUse)
    await expect(second).rejects.toThrow(`127.0.0.1:${port.local.port} is already in use`)
  })

  it('says that an address is not of this machine', async () => {
    await expect(open(() => {}, { host: '192.0.2.1', port: 5060 })).rejects.toThrow(CannotListen)
  })

  it('says that a host is no numeric address, and does not listen everywhere', async () => {
    await expect(open(() => {}, { host: 'localhost', port: 0 })).rejects.toThrow(CannotListen)
    await expect(open(() => {}, { host: '10.1.2.300', port: 0 })).rejects.toThrow(CannotListen)
  })

  it('loses what cannot be sent without a word: a bad port, a host of another family or none, a closed port', async () => {
    const port = await open(() => {})

    port.send(Buffer.from('x'), { host: '127.0.0.1', port: 70_000 })
    port.send(Buffer.from('x'), { host: '::1', port: 5060 })
    port.send(Buffer.from('x'), { host: 'localhost', port: 5060 })
    port.send(Buffer.alloc(70_000), port.local)
    await port.close()
    port.send(Buffer.from('x'), port.local)

    await expect(port.close()).resolves.toBeUndefined()
  })
})

describe('system calls', () => {
  it.runIf(hasLayouts)('are there on 64-bit Linux', () => expect(libc).toBeDefined())
})
