/**
 * Who is registered where: every proxy of the cluster keeps all bindings. What a REGISTER changed goes to the other
 * proxies as it is; deadlines travel as time remaining, since clocks differ.
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { type Binding, contactGroups, isLive, merge } from '#protocols/sip/core/registrar.ts'
import { own } from '#protocols/sip/message/scan.ts'
import { bindingKey } from './flow.ts'

/** Bindings of one address-of-record on their way: `expiresAt` is the time remaining. */
export type Delta = { readonly aor: string; readonly bindings: readonly Binding[] }

export type RegistrationLimits = {
  /** Addresses-of-record. */
  readonly aors: number
  /** Contacts of one address-of-record. */
  readonly contacts: number
}

/** How often a part of all bindings is looked through for expired ones. */
const sweepMs = 1000
const sweepRounds = 30

export class Registrations {
  private readonly clock: Clock
  private readonly limits: RegistrationLimits
  private readonly byAor = new Map<string, readonly Binding[]>()
  private sweeping: Iterator<[string, readonly Binding[]]> | undefined
  private timer: Timer | undefined

  constructor(clock: Clock, limits: RegistrationLimits) {
    this.clock = clock
    this.limits = limits
    this.sweepLater()
  }

  /** Addresses-of-record known, those just removed included. */
  get size(): number {
    return this.byAor.size
  }

  bindings(aor: string): readonly Binding[] {
    return this.byAor.get(aor) ?? []
  }

  /** Live contacts by descending q. */
  groups(aor: string): Binding[][] {
    return contactGroups(this.bindings(aor), this.clock.monotonic())
  }

  /** The flow over which this binding was registered last. */
  newestFlow(aor: string, key: string): string | undefined {
    const now = this.clock.monotonic()
    let newest: Binding | undefined
    // Several have the same key where a phone names its instance and no flow: each of its addresses is one.
    for (const one of this.bindings(aor))
      if (isLive(one, now) && bindingKey(one) === key && (newest === undefined || one.at > newest.at)) newest = one
    return newest?.flow
  }

  /** Whether there is room for these; existing addresses-of-record always have it. */
  accepts(aor: string): boolean {
    return this.byAor.has(aor) || this.byAor.size < this.limits.aors
  }

  put(aor: string, incoming: readonly Binding[]): void {
    const merged = merge(this.bindings(aor), incoming)
    if (merged.length > 0) this.byAor.set(this.byAor.has(aor) ? aor : own(aor), this.bounded(merged))
  }

  /** The oldest make room: a phone that got a new address at each start must not lock itself out. */
  private bounded(bindings: readonly Binding[]): readonly Binding[] {
    if (bindings.length <= this.limits.contacts) return bindings
    return bindings.toSorted((one, other) => other.at - one.at).slice(0, this.limits.contacts)
  }

  /** As others take it: deadlines as time remaining. */
  delta(aor: string, bindings: readonly Binding[]): Delta {
    const now = this.clock.monotonic()
    return { aor, bindings: bindings.map((one) => ({ ...one, expiresAt: Math.round(one.expiresAt - now) })) }
  }

  /** From another proxy. */
  take({ aor, bindings }: Delta): void {
    const now = this.clock.monotonic()
    if (!this.accepts(aor)) return
    this.put(
      aor,
      bindings.map((one) => ({ ...one, expiresAt: one.expiresAt + now })),
    )
  }

  /** Everything, for a proxy that joins. */
  *snapshot(): Generator<Delta> {
    for (const [aor, bindings] of this.byAor) yield this.delta(aor, bindings)
  }

  stop(): void {
    this.timer?.cancel()
  }

  private sweepLater() {
    this.timer = this.clock.after(sweepMs, () => {
      this.sweep()
      this.sweepLater()
    })
  }

  /** A thirtieth at a time, so that a million bindings never hold up a call. */
  private sweep() {
    const now = this.clock.monotonic()
    for (let left = Math.ceil(this.byAor.size / sweepRounds); left > 0; left--) {
      this.sweeping ??= this.byAor.entries()
      const next = this.sweeping.next()
      if (next.done === true) {
        this.sweeping = undefined
        return
      }
      const [aor, bindings] = next.value
      // Removals too are forgotten at their `expiresAt`.
      const left = bindings.filter((binding) => binding.expiresAt > now)
      if (left.length === 0) this.byAor.delete(aor)
      else if (left.length < bindings.length) this.byAor.set(aor, left)
    }
  }
}
