/**
 * Who is never limited: configured addresses, and trunks. Remembered for a few seconds by what the answer depends on: of a
 * datagram the address it names; of a connection itself, since its address, its transport and whom its certificate
 * speaks for are its own as long as it lives.
 */
import { Recent } from '#platform/recent.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import { type AddressRange, addressRange } from '#protocols/model/address-range.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'

export type TrustOptions = {
  readonly clock: Clock
  /** Addresses and CIDR ranges. */
  readonly trusted: readonly string[]
  /** How many answers are remembered. */
  readonly limit: number
  /** Whether a trunk's calls come from there. */
  readonly isTrunk: (from: Hop) => boolean
}

type Answer = { readonly trusts: boolean; readonly until: number }

/** ms: the configuration changes, and so do a provider's servers. */
const kept = 5_000

export class Trust {
  private readonly options: TrustOptions
  private readonly ranges: readonly AddressRange[]
  private readonly answers: Recent<string | number, Answer>

  constructor(options: TrustOptions) {
    this.options = options
    this.ranges = options.trusted.flatMap((text) => addressRange(text) ?? [])
    this.answers = new Recent(Math.ceil(options.limit / 2))
  }

  includes(from: Hop): boolean {
    const key = from.connection ?? (from.protocol === 'UDP' ? from.host : `${from.protocol} ${from.host}`)
    const now = this.options.clock.monotonic()
    const known = this.answers.get(key)
    if (known !== undefined && known.until > now) return known.trusts
    const trusts = this.ranges.some((range) => range.contains(from.host)) || this.options.isTrunk(from)
    this.answers.set(key, { trusts, until: now + kept })
    return trusts
  }
}
