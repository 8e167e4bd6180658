/** What comes of one request other than INVITE: its final response, or what stands for it (RFC 3261 §8.1.3.1). */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Message } from '../message/message.ts'
import { reasonPhrase } from '../message/reason-phrase.ts'
import { patience, type Timing } from '../transaction/timers.ts'
import type { ClientUser } from '../transaction/transactions.ts'
import type { RequestOutcome } from './session.ts'

export const outcomeOf = (response: Message): RequestOutcome => ({
  status: response.status,
  reason: response.reason,
  response,
})

export const unanswered = (status: number): RequestOutcome => ({
  status,
  reason: reasonPhrase(status),
  response: undefined,
})

/** §8.1.3.1: time is 408, a transport that fails 503. */
export const statusOf = (cause: 'timeout' | 'transport'): 408 | 503 => (cause === 'timeout' ? 408 : 503)

/** Hears the one outcome of a request. */
export class OneRequest implements ClientUser {
  private readonly done: (outcome: RequestOutcome) => void
  constructor(done: (outcome: RequestOutcome) => void) {
    this.done = done
  }
  response(response: Message): void {
    if (response.status >= 200) this.done(outcomeOf(response))
  }
  failed(cause: 'timeout' | 'transport'): void {
    this.done(unanswered(statusOf(cause)))
  }
}

/**
 * Sends a request that ends something, and so has to arrive: where it cannot leave, because nothing is linked for a moment,
 * it goes again in the time of timer E, as over UDP, until timer F would have given it up (§17.1.2.2), or those who send it
 * have been closed.
 */
export function untilItLeaves(
  clock: Clock,
  { T1, T2 }: Pick<Timing, 'T1' | 'T2'>,
  transactions: { readonly closed: boolean },
  send: (user: ClientUser) => void,
  done: () => void,
): void {
  const last = clock.monotonic() + patience({ T1 })
  let interval = T1
  const tried = ({ status, response }: RequestOutcome) => {
    const hasLeft = status !== statusOf('transport') || response !== undefined
    if (hasLeft || transactions.closed || clock.monotonic() + interval > last) return done()
    clock.after(interval, again)
    interval = Math.min(2 * interval, T2)
  }
  const again = () => send(new OneRequest(tried))
  again()
}
