/** The way to a node by its name: its link here, or a proxy of its data centre. */
import type { Forward } from '#protocols/sip/core/proxy-copy.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { type Decision, refuse, single } from './decision.ts'
import type { OwnRoutes } from './own-routes.ts'
import type { View } from './view.ts'

/** What new calls are spread over the nodes by: the same wherever, and whenever, the caller tries again (architecture §5). */
export const callKey = ({ callID, fromTag }: Message): string => `${callID} ${fromTag}`

/** `passOn`: whether another proxy may be asked; it reads the same routes, so they stay. */
export function toNode(
  node: string,
  routes: OwnRoutes,
  view: View,
  passOn: boolean,
): Forward | Exclude<Decision, Forward> {
  const hop = view.nodes.hopOf(node)
  if (hop !== undefined) return single({ hop }, routes.count)
  const peer = passOn ? view.mesh.hopWithNode(node) : undefined
  return peer === undefined ? refuse('node-gone', 503) : single({ hop: peer })
}
