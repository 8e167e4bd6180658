/**
 * The registered contacts of one DN, as far as its owner needs them: whether there is one, and when the last has
 * expired. The proxies keep the contacts themselves.
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { grantedExpiry, type Register, type RequestedContact } from '#protocols/sip/core/registrar.ts'
import { own } from '#protocols/sip/message/scan.ts'
import { type IPVersion, ipVersionOf } from '../../model/ip-version.ts'
import type { RegisteredContact } from '../notifier/documents.ts'

export class Contacts {
  /** Of all their addresses; none where they differ, or are names. */
  ipVersion: IPVersion | undefined
  private readonly clock: Clock
  private readonly gone: () => void
  /** By contact: its URI, and when it expires on our clock. */
  private readonly expiries = new Map<string, { readonly uri: string; readonly at: number }>()
  private timer: Timer | undefined

  /** `gone` is called when the last contact expires. */
  constructor(clock: Clock, gone: () => void) {
    this.clock = clock
    this.gone = gone
  }

  get any(): boolean {
    return this.expiries.size > 0
  }

  /** What a REGISTER that was accepted asks for; `lifetime` in seconds is the most that is granted. */
  apply(register: Register, lifetime: number): void {
    if (register.all) this.expiries.clear()
    const now = this.clock.monotonic()
    for (const contact of register.contacts) {
      const seconds = grantedExpiry(contact.expires, lifetime)
      const key = keyOf(contact)
      if (seconds === 0) this.expiries.delete(key)
      else
        this.expiries.set(this.expiries.has(key) ? key : own(key), { uri: own(contact.uri), at: now + seconds * 1000 })
    }
    this.changed()
  }

  /** With the seconds that are left. */
  list(): RegisteredContact[] {
    const now = this.clock.monotonic()
    return [...this.expiries.values()].map(({ uri, at }) => ({
      uri,
      seconds: Math.max(0, Math.ceil((at - now) / 1000)),
    }))
  }

  close(): void {
    this.timer?.cancel()
    this.expiries.clear()
  }

  /** A timer that runs is left alone when a contact is refreshed: most of them are, long before it ends. */
  private watch(): void {
    if (this.timer !== undefined || !this.any) return
    const earliest = Math.min(...[...this.expiries.values()].map(({ at }) => at))
    this.timer = this.clock.after(Math.max(0, earliest - this.clock.monotonic()), () => this.look())
  }

  private look(): void {
    this.timer = undefined
    const before = this.any
    const now = this.clock.monotonic()
    for (const [contact, { at }] of this.expiries) if (at <= now) this.expiries.delete(contact)
    if (before && !this.any) this.gone()
    this.changed()
  }

  private changed(): void {
    const [first, ...others] = [...this.expiries.values()].map(({ uri }) => ipVersionOf(uri))
    this.ipVersion = others.every((version) => version === first) ? first : undefined
    this.watch()
  }
}

/** RFC 5626 §6: an instance's flow is one contact, whatever its URI. */
const keyOf = ({ uri, instance, regID }: RequestedContact): string =>
  instance !== '' && regID !== 0 ? `${instance} ${regID}` : uri
