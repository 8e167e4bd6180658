/**
 * A phone or a carrier sends the call elsewhere (RFC 3261 §8.1.3.4, §21.3; event flows §5). The new destination is dialled
 * as any number is; that a carrier names another server for the same number is `moving.ts`.
 */
import type { Fields, Party, Target } from './call.ts'
import type { InputOf } from './input.ts'
import { leave } from './parties.ts'
import type { Turn } from './turn.ts'

/** Five, as Diversion by call forwarding has been bounded since telephone exchanges did it (RFC 5806 §5). */
export const mostRedirections = 5

/** Who has been tried: what To named it by, and where its INVITE went. */
export type Redirected = { readonly dn: string; readonly uri: string; readonly status: number }

export type Redirection =
  | { readonly type: 'to'; readonly target: Target; readonly number: string }
  /** Round in circles, or for too long. */
  | { readonly type: 'loop' }
  /** Nowhere that we know. */
  | { readonly type: 'nowhere' }

/** Where a 300–302 leads; `uri` is where the INVITE went that it answers. */
export function redirectionOf(
  turn: Turn,
  { contacts = [] }: InputOf<'failed'>,
  called: Party,
  uri: string,
): Redirection {
  const tried = turn.call.redirected ?? []
  for (const { number, target } of contacts) {
    if (target === undefined) continue
    const isTried = [...tried, { dn: called.dn, uri }].some((one) => isSame(one, target, number))
    return isTried || tried.length >= mostRedirections ? { type: 'loop' } : { type: 'to', target, number }
  }
  return { type: 'nowhere' }
}

const isSame = (one: Pick<Redirected, 'dn' | 'uri'>, target: Target, number: string): boolean =>
  target.kind === 'trunk' ? one.uri === target.uri : one.dn === number

/** Who sent the call elsewhere leaves. */
export function leaveRedirected(turn: Turn, called: Party, uri: string, status: number, number: string): void {
  const extra = { thirdPartyDN: number }
  leave(turn, called.id, { name: 'EventReleased', callState: 'Redirected', outcome: 'unused', by: called, extra })
  turn.set({ redirected: [...(turn.call.redirected ?? []), { dn: called.dn, uri, status }] })
}

/**
 * What the next INVITE says of it beside `identity`, which may tell who diverted the call before it came here: Diversion,
 * the last one on top (RFC 5806), and History-Info (RFC 7044).
 */
export function redirectedFields(identity: Fields, redirected: readonly Redirected[], uri: string): Fields {
  const diversions = redirected.map((one) => ['Diversion', `<${one.uri}>;reason=deflection`] as const)
  const last = identity.findLast(([name]) => name === 'History-Info')?.[1] ?? ''
  return [...diversions.reverse(), ...identity, ...branches(last, redirected, uri)]
}

/**
 * RFC 7044 §10.3: whoever is called is a branch of the request that came, whose entry is `last`, the next one after a 3xx
 * beside the one before. How a phone found where it sends the call is not ours to say (§10.4).
 */
function branches(last: string, redirected: readonly Redirected[], uri: string): Fields {
  const parent = /;[ \t]*index=([\d.]+)/i.exec(last)?.[1]
  const level = parent === undefined ? '' : `${parent}.`
  // The first one is whom the request came for, by the same name or another.
  const mechanism = last.includes(`<${redirected[0]?.uri}>`) ? 'np' : 'rc'
  const target = parent === undefined ? '' : `;${mechanism}=${parent}`
  const called = [...redirected.map((one) => withReason(one.uri, one.status)), uri]
  return called.map((of, at) => ['History-Info', `<${of}>;index=${level}${at + 1}${at === 0 ? target : ''}`])
}

/** RFC 7044 §10.2: why the call left that place, as a header of its URI. */
const withReason = (uri: string, status: number): string =>
  `${uri}${uri.includes('?') ? '&' : '?'}Reason=SIP%3Bcause%3D${status}`
