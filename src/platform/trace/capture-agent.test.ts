import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { type Log, silentLog } from '../log/log.ts'
import { CaptureAgent } from './capture-agent.ts'

const server = { address: '127.0.0.1:9060', agent: 7 }
const [phone, proxy] = ['192.0.2.7:5070', 'proxy1.dc1 192.0.2.1:5060']
const message = (via: string, more = '') =>
  Buffer.from(`BYE sip:b@h SIP/2.0\r\nVia: SIP/2.0/${via} 192.0.2.7:5070\r\nCall-ID: x\r\n${more}\r\n`)

/** HEP3 by its own description: chunks by type, of vendor 0. */
function chunksOf(datagram: Buffer): Map<number, Buffer> {
  expect([datagram.toString('latin1', 0, 4), datagram.readUInt16BE(4)]).toEqual(['HEP3', datagram.length])
  const chunks = new Map<number, Buffer>()
  for (let at = 6; at < datagram.length; ) {
    const length = datagram.readUInt16BE(at + 4)
    expect(datagram.readUInt16BE(at)).toBe(0)
    chunks.set(datagram.readUInt16BE(at + 2), datagram.subarray(at + 6, at + length))
    at += length
  }
  return chunks
}
const numbers = (chunks: Map<number, Buffer>, ...types: number[]) =>
  types.map((type) => {
    const value = chunks.get(type) ?? Buffer.alloc(1)
    return value.readUIntBE(0, value.length)
  })

async function setUp() {
  const world = new World()
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (fields) => errors.push(fields) }
  const got: Buffer[] = []
  const listen = () =>
    world.complete(world.host('homer').net.udp({ host: '127.0.0.1', port: 9060 }, (bytes) => got.push(bytes)))
  const agent = new CaptureAgent({ runtime: world.host('proxy'), log, masking: () => ({ digits: true }) })
  const use = (one: typeof server | undefined) => world.complete(agent.use(one))
  return { world, agent, use, listen, got, errors }
}

describe('a capture agent', () => {
  it('tells who sent what to whom, when and over what', async () => {
    const { world, agent, use, listen, got } = await setUp()
    await listen()
    await use(server)
    agent.message(1_764_320_700_123, phone, proxy, message('UDP'))
    agent.message(1_764_320_700_124, proxy, phone, message('TLS'))
    await world.run(100)

    const [first = new Map(), second = new Map()] = got.map(chunksOf)

    expect(numbers(first, 1, 2, 7, 8, 9, 10, 11, 12)).toEqual([2, 17, 5070, 5060, 1_764_320_700, 123_000, 1, 7])
    expect([first.get(3)?.join('.'), first.get(4)?.join('.')]).toEqual(['192.0.2.7', '192.0.2.1'])
    expect(first.get(15)).toEqual(message('UDP'))
    expect(numbers(second, 2, 7, 8, 10)).toEqual([6, 5060, 5070, 124_000])
  })

  it('tells of IPv6', async () => {
    const { world, agent, use, listen, got } = await setUp()
    await listen()
    await use(server)
    agent.message(0, '[2001:db8::7]:5070', 'proxy1.dc1 [::ffff:192.0.2.1]:5060', message('TCP'))
    await world.run(100)

    const chunks = chunksOf(got[0] ?? Buffer.alloc(0))

    expect(numbers(chunks, 1, 2)).toEqual([10, 6])
    expect(chunks.get(5)?.toString('hex')).toBe('20010db8000000000000000000000007')
    expect(chunks.get(6)?.toString('hex')).toBe('00000000000000000000ffffc0000201')
  })

  it('tells no secrets, and nothing of what passed on links', async () => {
    const { world, agent, use, listen, got } = await setUp()
    await listen()
    await use(server)
    agent.message(0, phone, proxy, message('UDP', 'Authorization: Digest username="a", response="0123abcd"\r\n'))
    agent.message(0, 'node1.dc1', 'proxy1.dc1', message('TCP'))
    await world.run(100)

    expect(got).toHaveLength(1)
    expect(String(got[0])).toContain('username="a", response="***"')
  })

  it('goes on without a server that listens, tells another one after a change, and none after that', async () => {
    const { world, agent, use, listen, got, errors } = await setUp()
    await use({ address: '192.0.2.99:9060', agent: 1 })
    agent.message(0, phone, proxy, message('UDP'))
    await world.run(100)
    await listen()
    await use(server)
    agent.message(0, phone, proxy, message('UDP'))
    await world.run(100)
    await use(undefined)
    agent.message(0, phone, proxy, message('UDP'))
    await world.run(100)

    expect([got.length, errors]).toEqual([1, []])
  })
})
