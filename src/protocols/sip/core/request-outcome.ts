/** What comes of one request other than INVITE: its final response, or what stands for it (RFC 3261 §8.1.3.1). */
import type { Message } from '../message/message.ts'
import { reasonPhrase } from '../message/reason-phrase.ts'
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
