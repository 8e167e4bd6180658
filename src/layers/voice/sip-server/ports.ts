/** The three T-Library ports of a node (blueprint §3.2.1): for routers, for desktops and StatServer, for concentrators. */
import type { Clock } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { Published } from '#protocols/tlib/published.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import type { Client, Requester as PortRequester, Service } from '#protocols/tlib/server.ts'
import type { InteractionProxy } from './interaction-proxy/interaction-proxy.ts'
import { atPort } from './requester.ts'
import type { Requests } from './requests.ts'
import type { RouteRequests } from './route-requests.ts'
import type { Subscribers } from './subscribers.ts'
import type { NodeName } from './t-controller/t-controller.ts'

export type PortParts = {
  readonly clock: Clock
  readonly node: NodeName
  readonly requests: Requests
  readonly routers: Subscribers
  readonly desktops: Subscribers
  readonly routeRequests: RouteRequests
  readonly interactionProxy: InteractionProxy
}

type Module = 'session-controller' | 't-controller' | 'interaction-proxy'

const linkOf = ({ name: node, dc, epoch, geoLocation }: NodeName, module: Module) => ({
  node,
  dc,
  epoch,
  geoLocation,
  module,
})

export function sessionControllerPort(parts: PortParts): Service {
  const { node, requests, routers, routeRequests } = parts
  return {
    link: () => linkOf(node, 'session-controller'),
    request(request, requester) {
      requests.request(request, atPort(requester), routers)
      if (request.name === 'RequestRegisterAddress') routeRequests.registered(request.thisDN)
    },
    snapshot(client) {
      tellAddresses(parts, client, routers)
      routeRequests.repeat(client)
    },
    closed(client) {
      routers.remove(client)
      routeRequests.lost(client)
    },
  }
}

export function tControllerPort(parts: PortParts): Service {
  const { node, requests, desktops } = parts
  const start = (client: Client, refID?: number) => {
    const event: Event = { name: 'EventCallMonitoringStarted', time: now(parts), ...requests.snapshot('*') }
    client.tell(new Published(event), refID === undefined ? {} : { refID })
    desktops.monitor(client, true)
  }
  return {
    link: () => linkOf(node, 't-controller'),
    request(request, requester) {
      if (request.name === 'RequestStartCallMonitoring') return start(requester.client, request.refID)
      if (request.name === 'RequestStopCallMonitoring') return stop(parts, requester)
      requests.request(request, atPort(requester), desktops)
    },
    snapshot(client) {
      tellAddresses(parts, client, desktops)
      if (desktops.isMonitoring(client)) start(client)
    },
    closed: (client) => desktops.remove(client),
  }
}

function stop(parts: PortParts, requester: PortRequester) {
  parts.desktops.monitor(requester.client, false)
  atPort(requester).answer({ name: 'EventCallMonitoringStopped', time: now(parts) })
}

export function interactionProxyPort(parts: PortParts): Service {
  const { node, requests, interactionProxy } = parts
  return {
    link: (client) => ({
      ...linkOf(node, 'interaction-proxy'),
      position: interactionProxy.positionFor(client),
    }),
    registered: (client) => interactionProxy.join(client),
    request(request: Request, requester) {
      if (request.name !== 'RequestAcknowledge') return requests.request(request, atPort(requester))
      interactionProxy.acknowledge(requester.client, request.position)
      // Without a position: that stands for a place of the stream, and this answer has none.
      if (request.refID !== undefined) atPort(requester).answer({ name: 'EventACK', time: now(parts) })
    },
    // The pool waits for a client that is slow: no event is dropped.
    snapshot() {},
    closed: (client) => interactionProxy.leave(client),
  }
}

const now = ({ clock }: PortParts): string => timestamp(clock.wall())

/** Events were dropped for the client: how everything it registered is now. */
function tellAddresses(parts: PortParts, client: Client, subscribers: Subscribers): void {
  for (const dn of subscribers.addresses(client)) {
    const event: Event = { name: 'EventRegistered', thisDN: dn, time: now(parts), ...parts.requests.snapshot(dn) }
    client.tell(new Published(event))
  }
}
