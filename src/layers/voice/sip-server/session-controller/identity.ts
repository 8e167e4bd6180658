/**
 * What each side is told of who calls: RFC 3325 (asserted identity), RFC 3323 (privacy), Diversion (RFC 5806) and
 * History-Info (RFC 7044). Nothing else of an INVITE goes on to the other side: Call-Info and Alert-Info would let a
 * stranger make a phone answer, ring as he likes, or fetch what he names.
 */
import { fieldId } from '#protocols/sip/message/field-names.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { own } from '#protocols/sip/message/scan.ts'
import type { Call, Fields } from './call/call.ts'
import type { Origin } from './ports.ts'

/** What INVITEs of the call say: inside, and to a trunk where that is something else. */
export type Identity = Pick<Call, 'from' | 'identity' | 'outside'> & { readonly media?: 'anchored' }

const PRIVACY = fieldId('Privacy')
const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>'

/** `from` is a name-addr without tag; `uriOf` names one of our DNs. All of it is copies. */
export function identityOf(invite: Message, origin: Origin, from: string, uriOf: (dn: string) => string): Identity {
  const asserted = assertedBy(invite, origin, uriOf)
  const history = origin.kind === 'trunk' ? historyOf(invite) : none
  if (!invite.has(PRIVACY)) return { from, identity: [...asserted, ...history] }
  const wishes = wishesOf(invite)
  const privacy: Fields = [['Privacy', own(invite.headers('Privacy').join(';'))]]
  // RFC 3323 §4.2: session privacy hides where the media come from, so they pass through us.
  const media = wishes.has('session') ? { media: 'anchored' as const } : undefined
  const isPrivate = (wishes.has('id') || wishes.has('user')) && !wishes.has('none')
  if (!isPrivate) return { from, identity: [...asserted, ...history, ...privacy], ...media }
  // RFC 3325 §7: a carrier is trusted to keep what it is told; a phone shows it.
  const outside = { from: anonymous, identity: [...asserted, ...history, ...privacy] }
  return { from: anonymous, identity: privacy, outside, ...media }
}

const none: Fields = []

/** A trunk's word goes on; what one of our phones asserts does not, we have authenticated it. */
function assertedBy(invite: Message, origin: Origin, uriOf: (dn: string) => string): Fields {
  if (origin.kind === 'dn') return [['P-Asserted-Identity', `<${uriOf(origin.dn)}>`]]
  return copied(invite, 'P-Asserted-Identity')
}

/** Who diverted the call before it came here. A phone of ours could only claim it. */
const historyOf = (invite: Message): Fields => [...copied(invite, 'Diversion'), ...copied(invite, 'History-Info')]

function copied(invite: Message, name: string): Fields {
  if (invite.cellOf(name, 0) < 0) return none
  return invite.headers(name).map((value) => [name, own(value)] as const)
}

/** RFC 3323 §4.2: tokens between semicolons. */
const wishesOf = (invite: Message): Set<string> =>
  new Set(
    invite
      .headers('Privacy')
      .flatMap((value) => value.split(/[;,]/))
      .map((wish) => wish.trim().toLowerCase()),
  )
