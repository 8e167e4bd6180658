import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import type { SipTransport } from '../transport/sip-transport.ts'
import { ackTo } from './ack.ts'
import { draft, none, pair, recorder, serverHop, side } from './layers.fixture.ts'

/** A link to a proxy, which may be down. */
function linkOf(transport: SipTransport) {
  const sent: Message[] = []
  const link = { up: true }
  const end = transport.addLink({
    peer: { host: 'proxy1.dc1', port: 0 },
    sentBy: { host: 'node1.dc1', port: 0 },
    write: (bytes) => {
      if (link.up) sent.push(parseMessage(bytes))
      return link.up
    },
  })
  return { sent, link, received: end.received }
}

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

  describe('a refusal that cannot leave, its link being down', () => {
    const via = 'SIP/2.0/TCP proxy1.dc1;branch=z9hG4bK1'

    /** It rang, and was refused while nothing was linked. */
    async function refused() {
      const world = new World()
      const server = await side(world, 'server', '127.0.0.2')
      const { sent, link, received } = linkOf(server.transport)
      const failures: string[] = []
      received(draft('INVITE').finish(via).bytes)
      const transaction = server.requests[0]?.transaction
      transaction?.use({ failed: (cause) => failures.push(cause) })
      transaction?.respond(180)
      link.up = false
      transaction?.respond(480)
      await world.run(1_000)
      link.up = true
      return { world, server, sent, failures, received }
    }

    it('answers the INVITE when it comes again, which is no new one', async () => {
      const { world, server, sent, failures, received } = await refused()

      received(draft('INVITE').finish(via).bytes)
      await world.run(100)
      received(ackTo(draft('INVITE').finish(via), sent.at(-1) as Message).bytes)
      await world.run(100)

      expect(sent.map(({ status }) => status)).toEqual([180, 480])
      expect(server.requests).toHaveLength(1)
      expect(failures).toEqual([])
      expect(server.layer.open).toEqual(none)
    })

    it('is given up at timer H where the INVITE does not come again', async () => {
      const { world, server, failures } = await refused()

      await world.run(32_000)

      expect(failures).toEqual(['timeout'])
      expect(server.layer.open).toEqual(none)
    })
  })
})
