import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { draft, pair, rawPeer, recorder, serverHop, side } from './layers.fixture.ts'

describe('non-INVITE server transaction', () => {
  it('answers a repeated request with the same response and tells the user once (§17.2.2)', async () => {
    const world = new World()
    const server = await side(world, 'server', '127.0.0.2')
    const raw = await rawPeer(world)
    const options =
      'OPTIONS sip:1002@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bKr1;rport\nFrom: <sip:a@b>;tag=1\n' +
      'To: <sip:c@d>\nCall-ID: x\nCSeq: 7 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n\n'

    raw.send(options)
    await world.run(50)
    server.requests[0]?.transaction.respond(200)
    raw.send(options)
    await world.run(50)

    expect(server.requests).toHaveLength(1)
    expect(raw.got.map((message) => message.status)).toEqual([200, 200])
    expect(raw.got[0]?.bytes).toEqual(raw.got[1]?.bytes)
    expect(raw.got[0]?.header('Via')).toContain(';rport=5060;received=127.0.0.3')
  })

  it('absorbs repetitions of a request that is given up, and forgets it after 64*T1 (RFC 4320 §4.2)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    client.layer.request(draft('OPTIONS'), serverHop, user)
    await world.run(100)
    server.requests[0]?.transaction.giveUp()
    await world.run(31_000)
    const before = server.layer.open.server
    await world.run(2_000)

    expect(heard).toEqual(['timeout'])
    expect(server.requests).toHaveLength(1)
    expect([before, server.layer.open.server]).toEqual([1, 0])
  })
})
