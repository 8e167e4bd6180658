/**
 * The rules of a registrar over plain data: RFC 3261 §10.3, with Path (RFC 3327) and several flows of one instance
 * (RFC 5626 §6). No store and no clock: whoever keeps the bindings passes them and the time.
 */
import { type Contact, contactsOf } from '../message/headers/contact.ts'
import { expiresSeconds } from '../message/headers/expires.ts'
import { parseNameAddr, uriOf } from '../message/headers/name-addr.ts'
import { parseURI, sameURI, unescapeText } from '../message/headers/uri.ts'
import type { Message } from '../message/message.ts'
import { own } from '../message/scan.ts'

/** One contact of an address-of-record. Plain data: it travels between registrars as it is. */
export type Binding = {
  /** The Contact URI as registered. */
  readonly uri: string
  readonly q: number
  /** `+sip.instance` and reg-id; empty and 0 where there are none. */
  readonly instance: string
  readonly regID: number
  /** The route set to this contact, the topmost first. */
  readonly path: readonly string[]
  /** What the keeper knows of the way the REGISTER came; means nothing here. */
  readonly flow: string
  readonly callID: string
  readonly cseq: number
  /** ms of wall time at which it was accepted: orders bindings of different Call-IDs. */
  readonly at: number
  /** ms on the keeper's clock. */
  readonly expiresAt: number
  /** A removal, remembered until `expiresAt` so that an older copy does not come back. */
  readonly removed: boolean
}

/** What a REGISTER asks for. */
export type Register = {
  /** The user part of To: the host is one of ours, or the request would not be here. */
  readonly aor: string
  readonly callID: string
  readonly cseq: number
  readonly contacts: readonly RequestedContact[]
  /** `Contact: *` with `Expires: 0`. */
  readonly all: boolean
  readonly path: readonly string[]
}
/** `expires`: seconds; undefined where the request leaves it to us. */
export type RequestedContact = Pick<Contact, 'uri' | 'q'> & {
  readonly instance: string
  readonly regID: number
  readonly expires: number | undefined
}

/** §10.3 steps 3, 5 and 6. Throws `MalformedMessage`; a `*` that asks for more than removal is a mere 400. */
export function readRegister(request: Message): Register | 400 {
  const contacts = contactsOf(request)
  const field = request.header('Expires')
  const all = contacts[0]?.uri === '*'
  if (all && (field === undefined || expiresSeconds(field) !== 0)) return 400
  const expires = field === undefined ? undefined : expiresSeconds(field)
  const to = uriOf(parseNameAddr(request.header('To') ?? ''))
  return {
    aor: unescapeText(to.user),
    callID: request.callID,
    cseq: request.cseq,
    contacts: all ? [] : contacts.map((contact) => requested(contact, expires)),
    all,
    path: request.headers('Path'),
  }
}

function requested(contact: Contact, expires: number | undefined): RequestedContact {
  const { uri, q, instance = '', regID = 0 } = contact
  return { uri, q, instance, regID, expires: contact.expires ?? expires }
}

/** §10.3 step 7: what is asked for, but not longer than `lifetime` (s); asked for nothing, the lifetime. */
export const grantedExpiry = (expires: number | undefined, lifetime: number): number =>
  Math.min(expires ?? lifetime, lifetime)

/** Contact values for the 200 of who authenticates: what this request asked for, as granted. */
export function grantedContacts(register: Register, lifetime: number): string[] {
  const kept = register.contacts.filter(({ expires }) => expires !== 0)
  return kept.map((contact) => contactValue(contact, grantedExpiry(contact.expires, lifetime)))
}

export function contactValue({ uri, q, instance, regID }: Omit<RequestedContact, 'expires'>, seconds: number): string {
  const quality = q === 1 ? '' : `;q=${q}`
  const id = instance === '' ? '' : `;+sip.instance="<${instance}>"`
  const reg = regID === 0 ? '' : `;reg-id=${regID}`
  return `<${uri}>${quality}${id}${reg};expires=${seconds}`
}

/** What a 200 granted: the contacts of the request with the seconds it names; 0 where it does not list them. */
export function granted(register: Register, response: Message): { contact: RequestedContact; seconds: number }[] {
  const listed = contactsOf(response).map((contact) => requested(contact, undefined))
  const field = response.header('Expires')
  const unless = field === undefined ? 3600 : expiresSeconds(field)
  return register.contacts.map((contact) => {
    const found = contact.expires === 0 ? undefined : listed.find((one) => isSame(one, contact))
    return { contact, seconds: found === undefined ? 0 : (found.expires ?? unless) }
  })
}

/** The identity of a binding: instance and reg-id (RFC 5626 §6), else the URI (§10.3 step 7). */
type Identity = Pick<Binding, 'uri' | 'instance' | 'regID'>

function isSame(one: Identity, other: Identity): boolean {
  if (one.instance !== '' && one.regID !== 0) return one.instance === other.instance && one.regID === other.regID
  if (other.instance !== '' && other.regID !== 0) return false
  return one.uri === other.uri || sameURI(parseURI(one.uri), parseURI(other.uri))
}

/** §10.3 step 7: whether a request comes after a later one of the same Call-ID. */
export function isOutOfOrder(bindings: readonly Binding[], register: Register): boolean {
  const touched = register.all ? bindings : bindings.filter((one) => register.contacts.some((c) => isSame(one, c)))
  return touched.some((binding) => binding.callID === register.callID && binding.cseq > register.cseq)
}

/** How what was accepted here is marked. */
export type Acceptance = {
  /** The `flow` of a contact's binding. */
  flowOf(contact: RequestedContact): string
  /** ms on the keeper's clock, and of wall time. */
  readonly now: number
  readonly wall: number
  /** ms for which removals are remembered. */
  readonly memory: number
}

/**
 * The bindings that an accepted REGISTER makes or removes; `merge` puts them among the others. They are kept, so they keep
 * no message alive.
 */
export function accepted(
  bindings: readonly Binding[],
  register: Register,
  grants: readonly { contact: RequestedContact; seconds: number }[],
  acceptance: Acceptance,
): Binding[] {
  const { now, wall, memory } = acceptance
  const { cseq } = register
  const callID = own(register.callID)
  const path = register.path.map(own)
  // Never before what it replaces, even where the clocks of two registrars differ.
  const at = bindings.reduce((latest, binding) => Math.max(latest, binding.at + 1), wall)
  const removal = { callID, cseq, at, expiresAt: now + memory, removed: true }
  if (register.all) return bindings.map((binding) => ({ ...binding, ...removal }))
  return grants.map(({ contact, seconds }) => ({
    uri: own(contact.uri),
    q: contact.q,
    instance: own(contact.instance),
    regID: contact.regID,
    path,
    flow: acceptance.flowOf(contact),
    callID,
    cseq,
    at,
    expiresAt: now + (seconds > 0 ? seconds * 1000 : memory),
    removed: seconds === 0,
  }))
}

/** Puts newer bindings in the place of older ones: the same result in whatever order they come. */
export function merge(bindings: readonly Binding[], incoming: readonly Binding[]): readonly Binding[] {
  let merged = bindings
  for (const binding of incoming) {
    const known = merged.find((one) => isSame(one, binding))
    if (known === undefined) merged = [...merged, binding]
    else if (isNewer(binding, known)) merged = merged.map((one) => (one === known ? binding : one))
  }
  return merged
}

/** By CSeq within a Call-ID, else by time (§10.3 step 7). */
function isNewer(one: Binding, other: Binding): boolean {
  if (one.callID === other.callID && one.cseq !== other.cseq) return one.cseq > other.cseq
  if (one.at !== other.at) return one.at > other.at
  // Any order will do as long as it is the same everywhere.
  return one.callID !== other.callID ? one.callID > other.callID : one.flow > other.flow
}

export const isLive = (binding: Binding, now: number): boolean => !binding.removed && binding.expiresAt > now

/** Live contacts by descending q, those of equal q together (§16.6 item 1: what a proxy forks to). */
export function contactGroups(bindings: readonly Binding[], now: number): Binding[][] {
  const groups = new Map<number, Binding[]>()
  for (const binding of bindings) {
    if (!isLive(binding, now)) continue
    const group = groups.get(binding.q)
    if (group === undefined) groups.set(binding.q, [binding])
    else group.push(binding)
  }
  return [...groups].sort(([one], [other]) => other - one).map(([, group]) => group)
}
