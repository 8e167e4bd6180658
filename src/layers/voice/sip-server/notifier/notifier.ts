/**
 * Who may know what by SUBSCRIBE (RFC 6665): a DN of ours, proved by digest, the calls of any DN (RFC 4235), as lamps of
 * its phone show them, its own registration (RFC 3680), and the messages that wait for it or for a DN whose mailbox the
 * configuration opens to it (RFC 3842). Subscriptions are bounded, all of them and each DN's.
 */
import { eventOf, type Subscriber, type Subscribing, type Subscription } from '#protocols/sip/core/notifier.ts'
import type { Body } from '#protocols/sip/core/session.ts'
import { parseURI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { MessageSummary } from '#protocols/sip/message/message-summary.ts'
import { own } from '#protocols/sip/message/scan.ts'
import type { AddressState } from '#protocols/tlib/attributes.ts'
import type { Authenticator } from '../session-controller/ports.ts'
import { callerOf } from '../sip/caller.ts'
import { dialogInfo, messageSummary, type RegisteredContact, regInfo } from './documents.ts'

export type NotifierOptions = {
  readonly authenticator: Authenticator
  /** Whether there is such a DN. */
  readonly isDN: (number: string) => boolean
  readonly uriOf: (dn: string) => string
  readonly address: (dn: string) => AddressState
  readonly contacts: (dn: string) => readonly RegisteredContact[]
  /** Whether anybody tells of messages at all. */
  readonly hasVoicemail: () => boolean
  readonly messages: (dn: string) => MessageSummary
  /** Whether a DN may know of the messages of another. */
  readonly opensMailbox: (dn: string, subscriber: string) => boolean
  readonly limits: { readonly subscriptions: number; readonly subscriptionsOfDN: number }
}

type Package = 'dialog' | 'reg' | 'message-summary'
const packages: readonly Package[] = ['dialog', 'reg', 'message-summary']
/** Without voicemail phones stop asking. */
const withoutVoicemail = packages.filter((name) => name !== 'message-summary')

/** Seconds. */
const shortest = 60
const longest = 3600

export class Notifier {
  private readonly options: NotifierOptions
  /** By package and the DN they are about: whose each is, the one that was refreshed the longest ago first. */
  private readonly watching = new Map<string, Map<Subscription, string>>()
  private readonly ofDN = new Map<string, number>()
  private count = 0

  constructor(options: NotifierOptions) {
    this.options = options
  }

  /** News of a DN; costs nothing while nobody subscribes to anything. */
  changed(event: Package, dn: string): void {
    if (this.watching.size === 0) return
    for (const subscription of this.watching.get(`${event} ${dn}`)?.keys() ?? []) subscription.changed()
  }

  /** The node stops: everybody may subscribe elsewhere. */
  close(): void {
    for (const subscriptions of [...this.watching.values()])
      for (const subscription of [...subscriptions.keys()]) subscription.end('deactivated')
  }

  /** SUBSCRIBE outside dialogs. */
  decide(request: Message): Subscribing {
    const { authenticator, isDN } = this.options
    // First of all, so that nobody finds out which DNs there are.
    const verdict = authenticator.authenticate(request)
    if (!verdict.ok) return verdict
    const subscriber = callerOf(request) ?? ''
    if (!isDN(subscriber)) return { status: 403 }
    const allowed = this.options.hasVoicemail() ? packages : withoutVoicemail
    const event = allowed.find((name) => name === eventOf(request).name)
    // §4.2.1.3, §7.2: Allow-Events says what would do.
    if (event === undefined) return { status: 489, fields: [['Allow-Events', allowed.join(', ')]] }
    const dn = own(unescapeText(parseURI(request.requestURI).user))
    if (!isDN(dn)) return { status: 404 }
    if (!this.mayKnow(event, dn, subscriber)) return { status: 403 }
    const hasPlace = this.hasRoom(subscriber) || this.stalest(`${event} ${dn}`, subscriber) !== undefined
    return hasPlace ? { status: 200, subscriber: this.subscriberOf(event, dn, subscriber) } : full
  }

  private mayKnow(event: Package, dn: string, subscriber: string): boolean {
    if (event === 'dialog' || dn === subscriber) return true
    return event === 'message-summary' && this.options.opensMailbox(dn, subscriber)
  }

  private hasRoom(subscriber: string): boolean {
    const { subscriptions, subscriptionsOfDN } = this.options.limits
    return this.count < subscriptions && (this.ofDN.get(subscriber) ?? 0) < subscriptionsOfDN
  }

  /**
   * Of the same to the same DN: a phone that starts anew knows nothing of its old ones, and asks again for all. No other
   * one has to go, or phones that want more than there is room for would take it from each other for ever.
   */
  private stalest(key: string, subscriber: string): Subscription | undefined {
    for (const [subscription, owner] of this.watching.get(key) ?? []) if (owner === subscriber) return subscription
    return undefined
  }

  private subscriberOf(event: Package, dn: string, subscriber: string): Subscriber {
    const key = `${event} ${dn}`
    let subscription: Subscription | undefined
    return {
      grant: (asked) => {
        if (subscription !== undefined) this.refreshed(key, subscriber, subscription)
        return grant(asked)
      },
      begun: (made) => {
        subscription = made
        if (!this.hasRoom(subscriber)) this.stalest(key, subscriber)?.end('probation')
        this.add(key, subscriber, made)
      },
      state: (version) => this.state(event, dn, version),
      ended: () => subscription && this.remove(key, subscriber, subscription),
    }
  }

  private state(event: Package, dn: string, version: number): Body {
    const { uriOf, address, contacts, messages } = this.options
    const entity = uriOf(dn)
    switch (event) {
      case 'dialog':
        return dialogInfo(entity, address(dn), uriOf, version)
      case 'reg':
        return regInfo(entity, contacts(dn), version)
      case 'message-summary':
        return messageSummary(entity, messages(dn))
    }
  }

  private add(key: string, subscriber: string, subscription: Subscription): void {
    const about = this.watching.get(key) ?? new Map()
    this.watching.set(key, about.set(subscription, subscriber))
    this.ofDN.set(subscriber, (this.ofDN.get(subscriber) ?? 0) + 1)
    this.count += 1
  }

  private refreshed(key: string, subscriber: string, subscription: Subscription): void {
    const about = this.watching.get(key)
    if (about?.delete(subscription)) about.set(subscription, subscriber)
  }

  private remove(key: string, subscriber: string, subscription: Subscription): void {
    const about = this.watching.get(key)
    about?.delete(subscription)
    if (about?.size === 0) this.watching.delete(key)
    const left = (this.ofDN.get(subscriber) ?? 1) - 1
    if (left === 0) this.ofDN.delete(subscriber)
    else this.ofDN.set(subscriber, left)
    this.count -= 1
  }
}

const full: Subscribing = { status: 503, reason: 'Too Many Subscriptions', fields: [['Retry-After', '60']] }

/** §4.2.1.1: shortened, never lengthened; what is too brief is refused, but 0 only asks once. */
function grant(asked: number | undefined): ReturnType<Subscriber['grant']> {
  if (asked === undefined) return longest
  if (asked > 0 && asked < shortest) return { status: 423, fields: [['Min-Expires', String(shortest)]] }
  return Math.min(asked, longest)
}
