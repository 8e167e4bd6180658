import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Hop } from '../transport/transport.ts'
import { draft, large, none, pair, rawPeer, recorder, serverHop, side } from './layers.fixture.ts'

describe('transaction layer', () => {
  it('carries a request there and its answer back, and is empty after timers J and K (RFC 3261 §17)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    client.layer.request(draft('OPTIONS'), serverHop, user)
    await world.run(100)
    server.requests[0]?.transaction.respond(200)
    await world.run(100)
    const during = client.layer.open
    await world.run(33_000)

    expect(heard).toEqual(['200'])
    expect(during).toEqual({ client: 1, server: 0 })
    expect([client.layer.open, server.layer.open]).toEqual([none, none])
  })

  it('gives a CANCEL without an INVITE to the user (§9.2)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    client.layer.request(draft('CANCEL'), serverHop, user)
    await world.run(50)
    server.requests[0]?.transaction.respond(481)
    await world.run(50)

    expect(heard).toEqual(['481'])
  })

  it.each(['UDP', 'TCP'] as const)(
    'says 100 to what is no INVITE once timer E would be at T2, not before (RFC 4320 §4.1, over %s)',
    async (protocol) => {
      const { world, client, server } = await pair(new World())
      const [slow, quick, silent] = [recorder(), recorder(), recorder()]

      client.layer.request(draft('OPTIONS'), { ...serverHop, protocol }, slow.user)
      client.layer.request(draft('OPTIONS', 'call-2'), { ...serverHop, protocol }, quick.user)
      client.layer.request(draft('OPTIONS', 'call-3'), { ...serverHop, protocol }, silent.user)
      await world.run(100)
      server.requests[0]?.transaction.respond(183)
      server.requests[1]?.transaction.respond(200)
      server.requests[2]?.transaction.giveUp()
      await world.run(3_350)
      const before = [...slow.heard]
      await world.run(200)
      const trying = [...slow.heard]
      server.requests[0]?.transaction.respond(200)
      await world.run(40_000)

      expect(before).toEqual([])
      // Over UDP the repetition of that moment is answered, too.
      expect(new Set(trying)).toEqual(new Set(['100']))
      expect([slow.heard.at(-1), quick.heard, silent.heard]).toEqual(['200', ['200'], ['timeout']])
      expect([client.layer.open, server.layer.open]).toEqual([none, none])
    },
  )

  it('finds repetitions and ACK of a peer without the magic cookie (§17.2.3)', async () => {
    const world = new World()
    const server = await side(world, 'server', '127.0.0.2')
    const raw = await rawPeer(world)
    const old = (method: string, to: string) =>
      `${method} sip:1002@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060\nFrom: <sip:a@b>;tag=1\n` +
      `To: <sip:c@d>${to}\nCall-ID: x\nCSeq: 7 ${method}\nContent-Length: 0\n\n`

    raw.send(old('INVITE', ''))
    raw.send(old('INVITE', ''))
    await world.run(50)
    server.requests[0]?.transaction.respond(486)
    await world.run(50)
    raw.send(old('ACK', `;tag=${raw.got[0]?.toTag}`))
    await world.run(5_500)

    expect(server.requests).toHaveLength(1)
    expect(raw.got).toHaveLength(1)
    expect(server.layer.open).toEqual(none)
  })

  it('tells requests apart whose branch is the magic cookie and nothing more (RFC 4475 §3.2.1)', async () => {
    const world = new World()
    const server = await side(world, 'server', '127.0.0.2')
    const raw = await rawPeer(world)
    const bare = (callID: string) =>
      `OPTIONS sip:1002@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bK\nFrom: <sip:a@b>;tag=1\n` +
      `To: <sip:c@d>\nCall-ID: ${callID}\nCSeq: 7 OPTIONS\nContent-Length: 0\n\n`

    for (const callID of ['one', 'other', 'one']) raw.send(bare(callID))
    await world.run(50)

    expect(server.requests.map(({ request }) => request.callID)).toEqual(['one', 'other'])
  })

  it('gives responses that belong to no transaction to the user, who may drop them (RFC 6026 §7.3)', async () => {
    const { world, client, server } = await pair(new World())
    const { user } = recorder()

    const invite = client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    invite.abandon()
    server.requests[0]?.transaction.respond(200)
    await world.run(50)

    expect(client.strays.map((response) => response.status)).toEqual([200])
    expect(client.layer.open).toEqual(none)
  })

  it('answers 503 beyond its limit, and on an INVITE without Retry-After', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1')
    const server = await side(world, 'server', '127.0.0.2', 1)
    const first = recorder()
    const second = recorder()

    client.layer.request(draft('INVITE'), serverHop, first.user)
    client.layer.request(draft('INVITE', 'call-2'), serverHop, second.user)
    await world.run(100)

    expect(server.layer.open.server).toBe(1)
    expect(second.heard).toEqual(['503'])
    expect(second.responses[0]?.header('Retry-After')).toBeUndefined()
  })

  it('tells a request after its end that it cannot leave, and keeps and sends nothing of it', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()
    client.layer.close()

    for (const request of [draft('OPTIONS'), draft('INVITE'), large('MESSAGE')])
      client.layer.request(request, serverHop, user).cancel()
    const atOnce = [...heard]
    const { open } = client.layer
    await world.run(100)

    expect(atOnce).toEqual([])
    expect(heard).toEqual(['transport', 'transport', 'transport'])
    expect([open, client.layer.open]).toEqual([none, none])
    expect(server.requests).toEqual([])
    expect(world.idle).toBe(true)
  })

  it('sends over TCP once, on one connection both ways (§17.1.1.2, §18)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()
    const hop: Hop = { protocol: 'TCP', host: '127.0.0.2', port: 5060 }

    client.layer.request(draft('INVITE'), hop, user)
    await world.run(5_000)
    server.requests[0]?.transaction.send(buildResponse(server.requests[0].request, 200, { toTag: 't' }))
    await world.run(50)

    expect(heard).toEqual(['100', '200'])
    expect(server.requests).toHaveLength(1)
    expect([client.transport.connections, server.transport.connections]).toEqual([1, 1])
  })
})
