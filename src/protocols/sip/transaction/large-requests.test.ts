import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Hop } from '../transport/transport.ts'
import { large, none, pair, rawPeer, recorder, serverHop, side } from './layers.fixture.ts'

describe('requests too large for a datagram', () => {
  it('sends a request too large for a datagram over TCP, and its CANCEL after it (RFC 3261 §18.1.1)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    const transaction = client.layer.request(large('INVITE'), serverHop, user)
    await world.run(100)
    server.requests[0]?.transaction.respond(180)
    await world.run(100)
    transaction.cancel()
    await world.run(100)
    server.requests[0]?.transaction.respond(487)
    await world.run(100)

    expect(server.requests[0]?.request.header('Via')).toMatch(/^SIP\/2\.0\/TCP 127\.0\.0\.1:5060;/)
    expect(server.requests[0]?.transaction.from.protocol).toBe('TCP')
    expect([heard, server.cancels.length]).toEqual([['180', '487'], 1])
  })

  it('sends it over UDP after all to who takes no TCP, and lets no other one wait for that again', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1')
    const { got } = await rawPeer(world)
    const { user } = recorder()
    const hop: Hop = { protocol: 'UDP', host: '127.0.0.3', port: 5060 }

    const first = client.layer.request(large('MESSAGE'), hop, user)
    const asked = first.hop.protocol
    await world.run(100)
    const second = client.layer.request(large('MESSAGE'), hop, user)
    await world.run(300_000)
    const third = client.layer.request(large('MESSAGE'), hop, user)

    expect([asked, second.hop.protocol, third.hop.protocol]).toEqual(['TCP', 'UDP', 'UDP'])
    expect([first.hop.protocol, got[0]?.header('Via')]).toEqual(['UDP', first.request.header('Via')])
    expect(first.request.header('Via')).toMatch(/^SIP\/2\.0\/UDP /)
  })

  it('sends nothing more once the layer is closed, also where no connection could be made just then', async () => {
    const world = new World()
    const { transport, layer } = await side(world, 'client', '127.0.0.1')
    const { got } = await rawPeer(world)
    const send = transport.send.bind(transport)
    transport.send = (bytes, hop, failed) =>
      send(bytes, hop, (fault) => {
        failed?.(fault)
        layer.close()
      })

    layer.request(large('MESSAGE'), { protocol: 'UDP', host: '127.0.0.3', port: 5060 }, recorder().user)
    await world.run(1_000)

    expect([got.length, layer.open]).toEqual([0, none])
  })

  it('asks by OPTIONS every five minutes, beside what is sent, whether he takes TCP now', async () => {
    const { world, client, server } = await pair(new World())
    const { user } = recorder()
    world.links.partition(['client'], ['server'])
    client.layer.request(large('MESSAGE'), serverHop, user)
    await world.run(100_000)
    world.links.heal(['client'], ['server'])

    await world.run(210_000)
    const during = client.layer.request(large('MESSAGE'), serverHop, user)
    await world.run(100)
    const question = server.requests.find(({ request }) => request.method === 'OPTIONS')
    question?.transaction.respond(200)
    await world.run(100)
    const after = client.layer.request(large('MESSAGE'), serverHop, user)

    expect([during.hop.protocol, after.hop.protocol]).toEqual(['UDP', 'TCP'])
    expect(question?.transaction.from.protocol).toBe('TCP')
  })

  it('waits no longer than 3 s for a connection that nobody answers, and lets an INVITE be cancelled meanwhile', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()
    world.links.partition(['client'], ['server'])

    const transaction = client.layer.request(large('INVITE'), serverHop, user)
    transaction.cancel()
    await world.run(2_900)
    world.links.heal(['client'], ['server'])
    await world.run(1_000)
    server.requests[0]?.transaction.respond(180)
    await world.run(100)

    expect(server.requests[0]?.transaction.from.protocol).toBe('UDP')
    expect([heard, server.cancels.length]).toEqual([['100', '180'], 1])
  })

  it('keeps a large request on UDP where a NAT leads nothing else back', async () => {
    const { world, client, server } = await pair(new World())

    client.layer.request(large('MESSAGE'), { ...serverHop, pinned: true }, recorder().user)
    await world.run(100)

    expect(server.requests[0]?.transaction.from.protocol).toBe('UDP')
  })
})
