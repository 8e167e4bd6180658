/** What a proxy checks before it routes a request: RFC 3261 §16.3, RFC 5393 §5.3.3. */
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { decimal } from '../message/scan.ts'

export type Fault = { readonly status: number; readonly reason?: string; readonly fields?: Fields }

/** The first rule a request breaks. Syntax and loops are checked by others. */
export function faultOf(request: Message, understood: readonly string[]): Fault | undefined {
  return hopFault(request) ?? schemeFault(request) ?? extensionFault(request, understood)
}

/** §16.3 item 3: what has travelled far enough ends here, OPTIONS too. */
function hopFault(request: Message): Fault | undefined {
  const hops = maxForwards(request)
  if (Number.isNaN(hops)) return { status: 400, reason: 'Bad Max-Forwards' }
  return hops === 0 ? { status: 483 } : undefined
}

/** §16.6 item 3: 70 for a request without. NaN where it is no number of 0 to 255. */
export function maxForwards(request: Message): number {
  const value = request.header('Max-Forwards')
  return value === undefined ? 71 : decimal(value, 255)
}

/** §16.3 item 2. */
function schemeFault(request: Message): Fault | undefined {
  const scheme = request.requestURI.slice(0, 5).toLowerCase()
  return scheme.startsWith('sip:') || scheme === 'sips:' ? undefined : { status: 416 }
}

/** §16.3 item 5. */
function extensionFault(request: Message, understood: readonly string[]): Fault | undefined {
  if (request.cellOf('Proxy-Require', 0) < 0) return undefined
  const unknown = request.headers('Proxy-Require').filter((tag) => !understood.includes(tag.toLowerCase()))
  if (unknown.length === 0) return undefined
  return { status: 420, fields: [['Unsupported', unknown.join(', ')]] }
}

/**
 * RFC 5393 §5.3.3: how many branches a request may still have at once, `most` where it says nothing or more; NaN where
 * the field is no number.
 */
export function maxBreadth(request: Message, most: number): number {
  const value = request.header('Max-Breadth')
  return value === undefined ? most : Math.min(decimal(value, Number.MAX_SAFE_INTEGER), most)
}
