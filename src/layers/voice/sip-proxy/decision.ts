/** What the proxy does with a request. */

import type { Refuse } from '#protocols/sip/core/proxy.ts'
import type { Forward } from '#protocols/sip/core/proxy-copy.ts'
import type { Register } from '#protocols/sip/core/registrar.ts'
import type { URI } from '#protocols/sip/message/headers/uri.ts'

/** Why a request is refused, as it is counted. */
export type Refusal =
  | 'malformed'
  | 'forged-route'
  | 'relay'
  | 'no-node'
  | 'node-gone'
  | 'draining'
  | 'no-contact'
  | 'flow-gone'
  | 'outbound'
  | 'unresolvable'
  | 'no-media'
  | 'not-our-domain'
  | 'out-of-order'
  | 'full'
  | 'overload'
  | 'node-overload'

export type Decision =
  | Forward
  | (Refuse & { readonly because: Refusal })
  /** A REGISTER on its way to who authenticates it: what its 200 grants is stored. */
  | { readonly type: 'register'; readonly register: Register; readonly outbound: boolean; readonly forward: Forward }
  /** The hosts of the URIs are names that have to be looked up; the request is to be routed again then. */
  | { readonly type: 'locate'; readonly uris: readonly URI[] }
  /** OPTIONS to the proxy itself (§11). */
  | { readonly type: 'ours' }

export const refuse = (because: Refusal, status: number, reason?: string): Extract<Decision, { type: 'refuse' }> => ({
  type: 'refuse',
  because,
  status,
  ...(reason !== undefined && { reason }),
})

/** One target, nothing more to try. */
export const single = (target: Forward['groups'][number][number], popRoutes = 0): Forward => ({
  type: 'forward',
  groups: [[target]],
  popRoutes,
})

const forming = ['INVITE', 'SUBSCRIBE', 'REFER']

/** Whether a dialog may begin with this request: who stays in its path says so now (§16.6 item 4). */
export const formsDialog = (method: string, toTag: string): boolean => toTag === '' && forming.includes(method)
