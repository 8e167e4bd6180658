/** A node's interaction-proxy port with nothing behind it but a list of events: for tests of who reads it. */
import type { Coordination } from '#platform/coordination/coordination.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { nodeKey } from '#protocols/tlib/location.ts'
import { Published } from '#protocols/tlib/published.ts'
import { type Client, createPort, type Service } from '#protocols/tlib/server.ts'
import { listenTcp } from '#protocols/tlib/tcp-server.ts'

export type StandInNode = {
  /** Puts events into its spool and tells them. */
  tell(events: readonly Event[]): void
  /** Puts events into its spool and tells them to another client of the pool, which never acknowledges them. */
  tellAnother(events: readonly Event[]): void
  /** The other client is lost. */
  loseAnother(): void
  /** Everything before it has been acknowledged. */
  readonly acknowledged: number
  /** `from` of each registration. */
  readonly registrations: (number | undefined)[]
}

export async function standInNode(
  runtime: Runtime,
  coordination: Coordination,
  host: string,
  [dc, name]: [string, string],
): Promise<StandInNode> {
  const spool: Published[] = []
  const clients = new Set<Client>()
  const registrations: (number | undefined)[] = []
  const another: number[] = []
  let acknowledged = 1
  const service: Service = {
    link: (client) => ({
      node: name,
      dc,
      epoch: 1,
      module: 'interaction-proxy',
      position: client.from ?? acknowledged,
    }),
    registered(client) {
      registrations.push(client.from)
      clients.add(client)
      for (let position = client.from ?? acknowledged; position <= spool.length; position++)
        client.tell(spool[position - 1] as Published, { position })
    },
    request(request, requester) {
      if (request.name !== 'RequestAcknowledge') return
      const { position, refID = 0 } = request
      acknowledged = Math.max(acknowledged, position)
      requester.answer({ name: 'EventACK', refID, time: timestamp(runtime.clock.wall()), position })
    },
    snapshot() {},
    closed: (client) => clients.delete(client),
  }
  const listener = await listenTcp(runtime, { host, port: 0 }, createPort({ runtime, service }))
  const tlib = { sessionController: listener.local, tController: listener.local, interactionProxy: listener.local }
  await coordination.announce(nodeKey(dc, name), JSON.stringify({ node: 1, epoch: 1, geoLocation: '', tlib }))
  return {
    tell(events) {
      for (const event of events) {
        const published = new Published(event)
        const position = spool.push(published)
        for (const client of clients) client.tell(published, { position })
      }
    },
    tellAnother(events) {
      for (const event of events) another.push(spool.push(new Published(event)))
    },
    loseAnother() {
      for (const position of another.splice(0))
        for (const client of clients) client.tell(spool[position - 1] as Published, { position })
    },
    get acknowledged() {
      return acknowledged
    },
    registrations,
  }
}
