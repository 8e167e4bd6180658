import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import { parseMessage } from '../message/parse-message.ts'
import { draft, none, pair, recorder, serverHop } from './layers.fixture.ts'

describe('INVITE client transaction', () => {
  it('acknowledges a refusal itself and tells the server side (§17.1.1.3)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()
    const acknowledged: string[] = []

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    server.requests[0]?.transaction.use({ acknowledged: (ack) => acknowledged.push(ack.toTag) })
    server.requests[0]?.transaction.respond(486)
    await world.run(50)

    expect(heard).toEqual(['486'])
    expect(acknowledged).toEqual([server.requests[0]?.transaction.toTag])
    expect(server.acks).toEqual([])
    await world.run(40_000)
    expect([client.layer.open, server.layer.open]).toEqual([none, none])
  })

  it('sends a CANCEL only after a provisional response, and answers it 200 (§9.1, §9.2)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    const invite = client.layer.request(draft('INVITE'), serverHop, user)
    invite.cancel([['Reason', 'SIP;cause=200']])
    await world.run(150)
    const early = server.cancels.length
    server.requests[0]?.transaction.respond(180)
    await world.run(150)
    server.requests[0]?.transaction.respond(487)
    await world.run(150)

    expect(early).toBe(0)
    expect(server.cancels.map((cancel) => cancel.header('Reason'))).toEqual(['SIP;cause=200'])
    expect(server.cancels[0]?.branch).toBe(invite.branch)
    expect(heard).toEqual(['180', '487'])
    await world.run(40_000)
    expect([client.layer.open, server.layer.open]).toEqual([none, none])
  })

  it('sends the CANCEL that could not leave as soon as its link is back, within 64·T1', async () => {
    const { client, world } = await pair(new World())
    const sent: string[] = []
    const link = { up: true }
    const end = client.transport.addLink({
      peer: { host: 'proxy1.dc1', port: 0 },
      sentBy: { host: 'node1.dc1', port: 0 },
      write: (bytes) => {
        if (link.up) sent.push(parseMessage(bytes).method)
        return link.up
      },
    })
    const { heard, user } = recorder()
    const invite = client.layer.request(draft('INVITE'), end.hop, user)
    end.received(buildResponse(invite.request, 180, {}).bytes)

    link.up = false
    invite.cancel()
    await world.run(20_000)
    link.up = true
    await world.run(4_000)

    expect(sent).toEqual(['INVITE', 'CANCEL'])
    await world.run(60_000)
    expect(sent).toEqual(['INVITE', 'CANCEL'])
    expect(heard).toEqual(['180', 'timeout'])
    expect(client.layer.open).toEqual(none)
  })

  it('cancels an INVITE of which nothing more is heard, as timer C of a proxy does, and is done with it (§16.8, §9.1)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()
    const rings = async (ms: number) => {
      server.requests[0]?.transaction.respond(180)
      await world.run(ms)
    }

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    await rings(190_000)
    await rings(190_000)
    const early = server.cancels.length
    await world.run(20_000)
    const late = server.cancels.length
    await world.run(40_000)

    expect([early, late]).toEqual([0, 1])
    expect(heard).toEqual(['180', '180', 'timeout'])
    expect(client.layer.open).toEqual(none)
  })

  it('sends no CANCEL for an INVITE that is abandoned by the response it waited for', async () => {
    const { world, client, server } = await pair(new World())
    const heard: string[] = []

    const invite = client.layer.request(draft('INVITE'), serverHop, {
      response: ({ status }) => {
        heard.push(String(status))
        invite.abandon()
      },
      failed: (cause) => heard.push(cause),
    })
    invite.cancel()
    await world.run(40_000)

    expect(heard).toEqual(['100'])
    expect(server.cancels).toHaveLength(0)
  })
})
