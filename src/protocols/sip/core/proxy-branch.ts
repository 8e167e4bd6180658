/** Branches that find loops: RFC 3261 §16.6 item 8 as RFC 5393 §4.2 changed it. */
import { fnv1a } from '#platform/fnv1a.ts'
import type { Message } from '../message/message.ts'
import { parameter } from '../message/scan.ts'
import { digits } from './digits.ts'

/** Every branch of a client or proxy begins with this (RFC 3261 §8.1.1.7). */
const cookie = 'z9hG4bK'

/** Branches of one proxy: `seed` makes them unique in space, a counter in time, the hash finds loops. */
export class Branches {
  private readonly seed: string
  /** How every branch of ours begins. */
  private readonly start: string
  private count = 0
  constructor(seed: string) {
    this.seed = seed
    this.start = cookie + seed
  }

  /** What follows the cookie. */
  next(hash: string): string {
    return `${this.seed}${digits(++this.count)}.${hash}`
  }

  /** Of a request that is passed on without a transaction: the same when it comes again (§16.11). */
  again(request: Message): string {
    return `${this.seed}${digits(fnv1a(request.branchHere))}.${routingHash(request)}`
  }

  /** Whether this very request has been here: same place to go, though a spiral with a changed URI is none. */
  isLoop(request: Message): boolean {
    // Hardly any request has a Via of ours: one search of the text instead of reading every Via.
    if (request.text.indexOf(this.start) < 0) return false
    const hash = routingHash(request)
    return request.headers('Via').some((via) => {
      const branch = parameter(via, 'branch') ?? ''
      return branch.startsWith(this.start) && branch.endsWith(`.${hash}`)
    })
  }
}

/** Everything that routing depends on, as it came: Request-URI, Route, and which transaction it is. */
export function routingHash(request: Message): string {
  let hash = fnv1a(request.requestURI)
  hash = fnv1a(request.callID, hash)
  hash = fnv1a(request.fromTag, hash)
  hash = Math.imul(hash ^ request.cseq, 0x01000193)
  if (request.cellOf('Route', 0) >= 0) for (const route of request.headers('Route')) hash = fnv1a(route, hash)
  return digits(hash)
}
