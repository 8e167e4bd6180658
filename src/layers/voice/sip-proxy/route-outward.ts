/** Requests of our nodes: to endpoints by their flows, to registered contacts, trunks, media servers and other nodes. */
import type { Trunk } from '#protocols/model/objects.ts'
import { hostOf, serversOf } from '#protocols/model/trunk.ts'
import type { Target } from '#protocols/sip/core/proxy-copy.ts'
import type { Binding } from '#protocols/sip/core/registrar.ts'
import type { Edit } from '#protocols/sip/message/edit.ts'
import { parseURI, type URI, unescapeText, uriParameter } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { trunkField } from '../model/source-field.ts'
import { hopOf } from '../model/uri-hop.ts'
import { type Decision, formsDialog, refuse, single } from './decision.ts'
import { failover } from './failover.ts'
import { MediaHosts } from './media-hosts.ts'
import { oneOfEach } from './outbound.ts'
import type { OwnRoutes, RouteMarks } from './own-routes.ts'
import { lastFlow, type Reach, reach, reachBinding } from './reach.ts'
import { toNode } from './to-node.ts'
import { serverURIs } from './trunks/server-uris.ts'
import type { View } from './view.ts'

/** A request of `node`. */
export function routeOutward(request: Message, node: string, routes: OwnRoutes, view: View): Decision {
  const uri = parseURI(request.requestURI)
  if (routes.flow !== undefined) return alongFlow(request, uri, routes, routes.flow, view)
  if (routes.next !== undefined) return toServers(request, node, routes, routes.next, view)
  if (MediaHosts.isMedia(uri.host)) return toMedia(request, node, uri, routes, view)
  if (view.addresses.isDomain(uri) || view.addresses.isProxy(uri))
    return uri.user === '' ? { type: 'ours' } : toContacts(request, node, unescapeText(uri.user), routes, view)
  const other = uri.host.toLowerCase()
  if (view.nodes.hopOf(other) !== undefined || view.mesh.hopWithNode(other) !== undefined)
    return toNode(other, routes, view, true)
  const trunk = view.configuration.trunk(request.header(trunkField) ?? '')
  return trunk === undefined ? toServers(request, node, routes, uri, view) : toTrunk(request, node, trunk, routes, view)
}

/** In a dialog with an endpoint, by the marks of its route set (RFC 5626 §5.3). */
function alongFlow(request: Message, uri: URI, routes: OwnRoutes, flow: string, view: View): Decision {
  const way = reach(lastFlow(flow, view), uri, view, true)
  if (way === undefined) return refuse('flow-gone', 430)
  return single(targetBy(way, request, { node: routes.node }, view), routes.count)
}

/** The servers of a trunk one after the other, whatever domain the Request-URI names; or the one it was moved to. */
function toTrunk(request: Message, node: string, trunk: Trunk, routes: OwnRoutes, view: View): Decision {
  const hops: Hop[] = []
  const unknown: URI[] = []
  const moved = movedTo(parseURI(request.requestURI), trunk)
  for (const uri of moved === undefined ? serverURIs(trunk, serversOf(trunk)) : [moved]) {
    const numeric = hopOf(uri)
    const found = numeric === undefined ? view.servers.known(uri) : [numeric]
    if (found === undefined) unknown.push(uri)
    else hops.push(...found)
  }
  if (unknown.length > 0) return { type: 'locate', uris: unknown }
  const groups = hops.map((hop) => [targetBy({ hop, flow: undefined, holder: undefined }, request, { node }, view)])
  if (groups.length === 0) return refuse('unresolvable', 503, 'Unresolvable Host')
  const change = (copy: Edit) => void copy.remove(trunkField)
  return { type: 'forward', groups, popRoutes: routes.count, change, ...failover(view.servers) }
}

/** RFC 3261 §8.1.3.4: a carrier may have named another address for the number, which is then where the request goes. */
function movedTo(uri: URI, trunk: Trunk): URI | undefined {
  const at = uri.port === 0 ? uri.host : `${uri.host}:${uri.port}`
  if (at.toLowerCase() === hostOf(trunk).toLowerCase()) return undefined
  return uriParameter(uri, 'transport') === undefined ? serverURIs(trunk, [at])[0] : uri
}

/** RFC 3263: an address is its own hop; of a name the servers are tried one after the other. */
function toServers(request: Message, node: string, routes: OwnRoutes, uri: URI, view: View): Decision {
  const numeric = hopOf(uri)
  const hops = numeric === undefined ? view.servers.known(uri) : [view.wayTo(numeric)]
  if (hops === undefined) return { type: 'locate', uris: [uri] }
  const groups = hops.map((hop) => [targetBy({ hop, flow: undefined, holder: undefined }, request, { node }, view)])
  if (groups.length === 0) return refuse('unresolvable', 503, 'Unresolvable Host')
  const forward = { type: 'forward' as const, groups, popRoutes: routes.count }
  return numeric === undefined ? { ...forward, ...failover(view.servers) } : forward
}

/** One Resource Manager after the other: any of a data centre finds the conference (architecture §3). */
function toMedia(request: Message, node: string, uri: URI, routes: OwnRoutes, view: View): Decision {
  const managers = view.media.of(uri.host, uri.user)
  if (managers.length === 0) return refuse('no-media', 503, 'No Resource Manager')
  const groups = managers.map((hop) => [targetBy({ hop, flow: undefined, holder: undefined }, request, { node }, view)])
  return { type: 'forward', groups, popRoutes: routes.count }
}

/** §16.6 item 1, to all live contacts of an address-of-record by descending q. */
function toContacts(request: Message, node: string, aor: string, routes: OwnRoutes, view: View): Decision {
  const groups = view.registrations
    .groups(aor)
    .map((group) => oneOfEach(group, (binding) => targetOf(binding, request, node, view)))
    .filter((group) => group.length > 0)
  if (groups.length === 0) return refuse('no-contact', 480)
  return { type: 'forward', groups, popRoutes: routes.count }
}

function targetOf(binding: Binding, request: Message, node: string, view: View): Target | undefined {
  const way = reachBinding(binding, view)
  if (way === undefined) return undefined
  const { hop, recordRoute, route = [] } = targetBy(way, request, { node }, view)
  // §19.1.5: a Request-URI has no headers.
  const question = binding.uri.indexOf('?')
  return {
    hop,
    requestURI: question < 0 ? binding.uri : binding.uri.slice(0, question),
    route: [...route, ...binding.path],
    ...(recordRoute !== undefined && { recordRoute }),
  }
}

/** We stay in the path where we are the last proxy; a holder is told by a Route of ours, and stays itself. */
function targetBy({ hop, flow, holder }: Reach, request: Message, marks: RouteMarks, view: View): Target {
  if (holder !== undefined) {
    const uri = view.mesh.uriOf(holder) ?? `sip:${holder}`
    return { hop, route: [view.routes.write(uri, { ...marks, flow }, true)] }
  }
  if (!formsDialog(request.method, request.toTag)) return { hop }
  return { hop, recordRoute: [view.routes.write(view.facing(hop), { ...marks, flow })] }
}
