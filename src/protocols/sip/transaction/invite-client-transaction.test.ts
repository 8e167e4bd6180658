import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
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
