/** Requests from endpoints, trunks and strangers: each goes to a node, whatever its Request-URI and Route say. */
import type { Forward } from '#protocols/sip/core/proxy-copy.ts'
import { isOutOfOrder, readRegister } from '#protocols/sip/core/registrar.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI, type URI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { rendezvous } from '../model/rendezvous.ts'
import { sourceField } from '../model/source-field.ts'
import { hopOf } from '../model/uri-hop.ts'
import { type Decision, formsDialog, refuse } from './decision.ts'
import { homeOf, readFlow, writeFlow } from './flow.ts'
import { outboundFault, saysOutbound } from './outbound.ts'
import type { OwnRoutes } from './own-routes.ts'
import { callerOf, type Source, sourceOf, strip } from './source.ts'
import { callKey, toNode } from './to-node.ts'
import type { View } from './view.ts'

/**
 * Who subscribes to a DN asks its owner, to which its REGISTERs go; a voicemail server tells of a DN always the same
 * node, so that its news come in order. All else is spread.
 */
const isAboutDN = new Set(['SUBSCRIBE', 'NOTIFY'])

/** `chosen`: the node that is to have a new call, where it was asked already which takes it. */
export function routeInward(
  request: Message,
  from: Hop,
  routes: OwnRoutes,
  view: View,
  chosen: string | undefined,
): Decision {
  const known = request.toTag !== ''
  // §12.2.1.1: by the marks of the route set; by the name in Contact where an endpoint forgot it.
  if (known && routes.node !== undefined) return inDialog(request, from, routes.node, routes, view)
  const uri = parseURI(request.requestURI)
  const node = uri.host.toLowerCase()
  if (known && view.nodes.hopOf(node) !== undefined) return inDialog(request, from, node, routes, view)
  return outOfDialog(request, uri, from, view, chosen)
}

function inDialog(request: Message, from: Hop, node: string, routes: OwnRoutes, view: View): Decision {
  const decision = toNode(node, routes, view, true)
  if (decision.type !== 'forward') return decision
  const { groups, popRoutes = 0 } = decision
  // Only a message with an asserted identity needs to know whether its sender may assert one.
  const asserts = request.cellOf('P-Asserted-Identity', 0) >= 0
  const trusted = !asserts || view.trunkFrom(from) !== undefined
  return { type: 'forward', groups, popRoutes, change: (copy) => strip(copy, request, trusted) }
}

function outOfDialog(request: Message, uri: URI, from: Hop, view: View, chosen: string | undefined): Decision {
  const ours = view.addresses.isOurs(uri)
  if (request.method === 'OPTIONS' && uri.user === '' && ours) return { type: 'ours' }
  const source = sourceOf(request, from, view)
  // A trunk may call us by whatever name it has for us.
  if (!ours && source.trunk === undefined) return refuse('relay', 403, 'Relaying Denied')
  if (request.method === 'REGISTER') return register(request, source, view)
  if (view.draining && request.method === 'INVITE') return refuse('draining', 503)
  const about = isAboutDN.has(request.method) ? unescapeText(uri.user) : callKey(request)
  const node = chosen ?? rendezvous(about, view.nodes.ready)
  return node === undefined
    ? refuse('no-node', 503)
    : toChosen(request, node, source, recordRoute(request, from, node, source, view), view)
}

/** §10.3 up to where the bindings are: those are made when the node has agreed. */
function register(request: Message, source: Source, view: View): Decision {
  const asked = readRegister(request)
  if (asked === 400) return refuse('malformed', 400, 'Bad Contact')
  if (!view.addresses.isOurs(uriIn(request.header('To') ?? ''))) return refuse('not-our-domain', 404)
  if (isOutOfOrder(view.registrations.bindings(asked.aor), asked))
    return refuse('out-of-order', 500, 'CSeq Out of Order')
  const fault = outboundFault(request, asked)
  if (fault !== undefined) return refuse('outbound', fault)
  if (!view.registrations.accepts(asked.aor)) return refuse('full', 503)
  const owner = rendezvous(asked.aor, view.nodes.ready)
  if (owner === undefined) return refuse('no-node', 503)
  const forward = toChosen(request, owner, source, undefined, view)
  return forward.type === 'forward'
    ? { type: 'register', register: asked, outbound: saysOutbound(request, asked), forward }
    : forward
}

function toChosen(
  request: Message,
  node: string,
  source: Source,
  route: string | undefined,
  view: View,
): Forward | Exclude<Decision, Forward> {
  const hop = view.nodes.hopOf(node)
  if (hop === undefined) return refuse('no-node', 503)
  return {
    type: 'forward',
    groups: [[route === undefined ? { hop } : { hop, recordRoute: [route] }]],
    change(copy) {
      strip(copy, request, source.trunk !== undefined)
      // The node is where it ends: whatever Route says beyond us is not followed.
      if (request.cellOf('Route', 0) >= 0) copy.remove('Route')
      copy.set(sourceField, source.value)
    },
  }
}

/** The one value between an endpoint and its node: how the endpoint reaches us, with the node and, where needed, its flow. */
function recordRoute(request: Message, from: Hop, node: string, source: Source, view: View): string | undefined {
  if (!formsDialog(request.method, request.toTag)) return undefined
  return view.routes.write(view.facing(from), { node, flow: flowOf(request, from, source, view) })
}

/** A proxy in front of us is reached by its Record-Route, a trunk by its Contact where that is an address; else as it came. */
function flowOf(request: Message, from: Hop, source: Source, view: View): string | undefined {
  if (request.cellOf('Record-Route', 0) >= 0) return undefined
  if (source.trunk !== undefined && from.protocol === 'UDP' && hasReachableContact(request)) return undefined
  const { name: proxy, run } = view.self
  const hop = homeOf(from, contactOf(request))
  const aor = source.trunk === undefined ? callerOf(request) : ''
  for (const binding of aor === '' ? [] : view.registrations.bindings(aor)) {
    const flow = binding.removed ? undefined : readFlow(binding.flow)
    if (flow?.proxy === proxy && isSameHop(flow.hop, hop)) return binding.flow
  }
  return writeFlow({ proxy, run, hop, aor: '', binding: '' })
}

function hasReachableContact(request: Message): boolean {
  const contact = contactOf(request)
  return contact !== undefined && hopOf(contact) !== undefined
}

function contactOf(request: Message): URI | undefined {
  const contact = request.header('Contact')
  return contact === undefined ? undefined : uriIn(contact)
}

const isSameHop = (one: Hop, other: Hop) =>
  one.host === other.host && one.port === other.port && one.connection === other.connection
