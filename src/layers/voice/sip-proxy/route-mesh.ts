/** Requests that another proxy passed on: to an endpoint whose flow is here, or to a node that is linked here. */
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { type Decision, formsDialog, refuse, single } from './decision.ts'
import type { OwnRoutes } from './own-routes.ts'
import { reach } from './reach.ts'
import { toNode } from './to-node.ts'
import type { View } from './view.ts'

/** Nothing goes back into the mesh: two proxies that know different things would pass it to and fro. */
export function routeMesh(request: Message, routes: OwnRoutes, view: View): Decision {
  const uri = parseURI(request.requestURI)
  if (!routes.outward || routes.flow === undefined)
    return toNode(routes.node ?? uri.host.toLowerCase(), routes, view, false)
  const way = reach(routes.flow, uri, view, false)
  if (way === undefined) return refuse('flow-gone', 430)
  const { hop, flow } = way
  if (!formsDialog(request.method, request.toTag)) return single({ hop }, routes.count)
  const recordRoute = [view.routes.write(view.facing(hop), { node: routes.node, flow })]
  return single({ hop, recordRoute }, routes.count)
}
