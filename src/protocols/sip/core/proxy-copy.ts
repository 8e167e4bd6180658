/** The copy of a request that a proxy sends to one target: RFC 3261 §16.6 items 1 to 6. */
import { type Edit, edit } from '../message/edit.ts'
import type { Message } from '../message/message.ts'
import type { Hop } from '../transport/transport.ts'
import { maxForwards } from './proxy-request.ts'
import type { Response } from './proxy-response-context.ts'

/** One place a request goes to. */
export type Target = {
  readonly hop: Hop
  /** The request's own unless given (§16.6 item 2). */
  readonly requestURI?: string
  /** Put above the Route values that are left, in order. */
  readonly route?: readonly string[]
  /** Record-Route values, the topmost first (§16.6 item 4; two where transports differ, RFC 5658). */
  readonly recordRoute?: readonly string[]
}

export type Forward = {
  readonly type: 'forward'
  /** Groups tried one after the other; the targets of a group at once (§16.6 item 1). Never empty. */
  readonly groups: readonly (readonly Target[])[]
  /**
   * Whether the next group is tried after this final response, which is the mere status of one made here where nobody
   * answered (408) or the hop could not be reached (503); after any below 600 unless given.
   */
  readonly goesOn?: (response: Response) => boolean
  /** ms in which a target has to answer anything while there is another group: it is then as if 408 had come. */
  readonly patience?: number
  /** Told each final response of a target, one made here likewise. */
  readonly told?: (target: Target, response: Response) => void
  /** Route values on top that named us (§16.4). */
  readonly popRoutes?: number
  /** Changes for every target alike: header fields put in or stripped. */
  readonly change?: (copy: Edit) => void
  /** Told the final response that goes upstream; what it returns goes instead. */
  readonly answered?: (response: Message) => Message
}

/** The copy that goes to one target (§16.6 items 1–6); its Via comes from the transaction. */
export function copyFor(request: Message, forward: Forward, target: Target): Edit {
  const copy = edit(request)
  if (target.requestURI !== undefined) copy.requestURI(target.requestURI)
  copy.maxForwards(maxForwards(request) - 1)
  for (let popped = forward.popRoutes ?? 0; popped > 0; popped--) copy.pop('Route')
  push(copy, 'Record-Route', target.recordRoute)
  push(copy, 'Route', target.route)
  forward.change?.(copy)
  return copy
}

function push(copy: Edit, name: string, values: readonly string[] | undefined) {
  if (values === undefined) return
  for (let index = values.length - 1; index >= 0; index--) copy.push(name, values[index] ?? '')
}
