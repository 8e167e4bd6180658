/**
 * Finds the servers of URIs whose host is a name (RFC 3263). What is known is told at once; what is not is looked up
 * first, in rounds: NAPTR, SRV, addresses. Servers that have just failed come last.
 */

import { fraction } from '#platform/runtime/fraction.ts'
import type { Dns, Runtime } from '#platform/runtime/runtime.ts'
import type { URI } from '../../message/headers/uri.ts'
import type { Hop } from '../../transport/transport.ts'
import { RecordCache } from './record-cache.ts'
import { type Abilities, type Question, type Read, selectServers } from './select-servers.ts'

export type LocatorOptions = {
  readonly runtime: Pick<Runtime, 'clock' | 'random'> & { readonly dns: Dns }
  readonly abilities: Abilities
}

/** One more than RFC 3263 has: an answer may end its time while the next is asked for. */
const mostRounds = 4
/** ms that a server which failed is only tried after all others; Retry-After may ask for more. */
const avoidance = 30_000
const longestAvoidance = 300_000
const mostAvoided = 1_024

export class Locator {
  private readonly options: LocatorOptions
  private readonly cache: RecordCache
  /** Until when each is avoided. */
  private readonly avoided = new Map<string, number>()
  private closed = false

  constructor(options: LocatorOptions) {
    this.options = options
    this.cache = new RecordCache(options.runtime.dns, options.runtime.clock)
  }

  /** The servers in the order in which they are to be tried, none where there is none; undefined: `look` first. */
  known(uri: URI): readonly Hop[] | undefined {
    const { hops, missing } = this.select(uri)
    return missing.length > 0 ? undefined : this.healthyFirst(hops)
  }

  /** `done` is called in a later turn, with the servers and, where there are none, why; never after `close`. */
  look(uri: URI, done: (hops: readonly Hop[], fault: string) => void): void {
    this.round(uri, 1, '', done)
  }

  /** A server did not answer, or said 503: `seconds` is what its Retry-After asks for. */
  avoid(hop: Hop, seconds = 0): void {
    const ms = Math.min(Math.max(seconds * 1000, avoidance), longestAvoidance)
    if (this.avoided.size >= mostAvoided) this.avoided.clear()
    this.avoided.set(keyOf(hop), this.options.runtime.clock.monotonic() + ms)
  }

  close(): void {
    this.closed = true
  }

  private round(uri: URI, number: number, fault: string, done: (hops: readonly Hop[], fault: string) => void) {
    if (this.closed) return
    const { hops, missing, faults } = this.select(uri)
    if (missing.length === 0 || number > mostRounds) {
      const why = hops.length > 0 ? '' : fault || (faults[0] ?? 'the DNS has no address for it')
      if (number > 1) done(this.healthyFirst(hops), why)
      else this.options.runtime.clock.turn(() => this.closed || done(this.healthyFirst(hops), why))
      return
    }
    this.askAll(missing, (worst) => this.round(uri, number + 1, fault || worst, done))
  }

  private askAll(questions: readonly Question[], done: (fault: string) => void) {
    let left = questions.length
    for (const question of questions)
      this.cache.ask(question, () => {
        left--
        if (left === 0) done(questions.map((one) => this.cache.fault(one) ?? '').find((text) => text !== '') ?? '')
      })
  }

  /** `faults`: why something that it read is not known. */
  private select(uri: URI) {
    const { runtime, abilities } = this.options
    const faults: string[] = []
    const read: Read = (type, name) => {
      const records = this.cache.read(type, name)
      const fault = records === undefined ? undefined : this.cache.fault({ type, name })
      if (fault !== undefined) faults.push(fault)
      return records
    }
    return { ...selectServers(uri, abilities, read, () => fraction(runtime.random)), faults }
  }

  private healthyFirst(hops: readonly Hop[]): readonly Hop[] {
    if (this.avoided.size === 0 || hops.length < 2) return hops
    const now = this.options.runtime.clock.monotonic()
    const bad = (hop: Hop) => (this.avoided.get(keyOf(hop)) ?? 0) > now
    return [...hops.filter((hop) => !bad(hop)), ...hops.filter(bad)]
  }
}

const keyOf = ({ protocol, host, port }: Hop): string => `${protocol} ${host} ${port}`
