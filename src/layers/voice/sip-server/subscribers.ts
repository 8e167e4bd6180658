/** Who is told what on one port: by DN, every DN, or everything. Each client is told an event once. */

import type { Published } from '#protocols/tlib/published.ts'
import type { Client } from '#protocols/tlib/server.ts'

type Subscriber = {
  readonly client: Client
  readonly addresses: Set<string>
  monitoring: boolean
  /** The last event it was told. */
  last: number
}

/** The address that stands for every DN. */
export const everyDN = '*'

export class Subscribers {
  private readonly subscribers = new Map<Client, Subscriber>()
  private readonly byDN = new Map<string, Set<Subscriber>>()
  private readonly monitors = new Set<Subscriber>()
  private serial = 0

  register(client: Client, dn: string): void {
    const subscriber = this.of(client)
    subscriber.addresses.add(dn)
    const there = this.byDN.get(dn)
    if (there) there.add(subscriber)
    else this.byDN.set(dn, new Set([subscriber]))
  }

  /** `false` where it was not registered. */
  unregister(client: Client, dn: string): boolean {
    const subscriber = this.subscribers.get(client)
    if (!subscriber?.addresses.delete(dn)) return false
    const there = this.byDN.get(dn)
    there?.delete(subscriber)
    if (there?.size === 0) this.byDN.delete(dn)
    return true
  }

  monitor(client: Client, on: boolean): void {
    const subscriber = this.of(client)
    subscriber.monitoring = on
    if (on) this.monitors.add(subscriber)
    else this.monitors.delete(subscriber)
  }

  addresses(client: Client): ReadonlySet<string> {
    return this.subscribers.get(client)?.addresses ?? new Set()
  }

  isMonitoring(client: Client): boolean {
    return this.subscribers.get(client)?.monitoring ?? false
  }

  /** Those registered for the DN or for every DN, in the order in which they came. */
  registeredFor(dn: string): Client[] {
    return [...(this.byDN.get(dn) ?? []), ...(this.byDN.get(everyDN) ?? [])].map(({ client }) => client)
  }

  /** The node's own stream: an event at `dn`, or of a call as a whole. True when the asker was among them. */
  tell(published: Published, dn: string | undefined, asker: Asked): boolean {
    this.serial += 1
    let answered = this.each(this.monitors, published, asker)
    if (dn === undefined) return answered
    answered = this.each(this.byDN.get(everyDN), published, asker) || answered
    return this.each(this.byDN.get(dn), published, asker) || answered
  }

  /** An event of another node: for those who registered this very DN. */
  tellRelayed(published: Published, dn: string, asker: Asked): boolean {
    this.serial += 1
    return this.each(this.byDN.get(dn), published, asker)
  }

  remove(client: Client): void {
    const subscriber = this.subscribers.get(client)
    if (!subscriber) return
    for (const dn of subscriber.addresses) this.unregister(client, dn)
    this.monitors.delete(subscriber)
    this.subscribers.delete(client)
  }

  private each(subscribers: ReadonlySet<Subscriber> | undefined, published: Published, asker: Asked): boolean {
    if (subscribers === undefined) return false
    let answered = false
    for (const subscriber of subscribers) {
      if (subscriber.last === this.serial) continue
      subscriber.last = this.serial
      const isAsker = asker !== undefined && subscriber.client === asker.client
      subscriber.client.tell(published, isAsker ? refOf(asker) : undefined)
      answered ||= isAsker
    }
    return answered
  }

  private of(client: Client): Subscriber {
    const known = this.subscribers.get(client)
    if (known) return known
    const subscriber: Subscriber = { client, addresses: new Set(), monitoring: false, last: 0 }
    this.subscribers.set(client, subscriber)
    return subscriber
  }
}

/** Whose request the event answers. */
export type Asked = { readonly client: Client | undefined; readonly refID: number | undefined } | undefined

export const refOf = (asked: Asked): { refID?: number } => (asked?.refID === undefined ? {} : { refID: asked.refID })
