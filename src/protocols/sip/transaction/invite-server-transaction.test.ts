import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Message } from '../message/message.ts'
import { draft, pair, recorder, serverHop } from './layers.fixture.ts'

describe('INVITE server transaction', () => {
  it('sends 100 by itself when the user has not answered an INVITE in 200 ms (§17.2.1)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(150)
    const before = [...heard]
    await world.run(100)

    expect(before).toEqual([])
    expect(heard).toEqual(['100'])
    expect(server.requests).toHaveLength(1)
  })

  it('leaves the ACK to a 2xx to its users (§13.2.2.4, RFC 6026 §7.1)', async () => {
    const { world, client, server } = await pair(new World())
    const { heard, user } = recorder()

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    const ok = server.requests[0]?.transaction.respond(200)
    await world.run(50)
    server.requests[0]?.transaction.send(ok as Message)
    await world.run(50)
    client.layer.send(draft('ACK'), serverHop)
    await world.run(50)

    expect(heard).toEqual(['200', '200'])
    expect(server.acks).toHaveLength(1)
  })
})
