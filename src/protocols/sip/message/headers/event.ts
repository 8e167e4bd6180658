/** Event and Subscription-State (RFC 6665 §8.2). */
import { MalformedMessage } from '../errors.ts'
import { decimal, isToken, parameter, trimmed } from '../scan.ts'

export type Event = { readonly package: string; readonly id: string | undefined }

/** Throws `MalformedMessage`. */
export function parseEvent(value: string): Event {
  return { package: head(value, 'Event'), id: parameter(value, 'id') }
}

export type SubscriptionState = {
  /** Lower case: active, pending, terminated or an extension. */
  readonly state: string
  readonly reason: string | undefined
  readonly expires: number | undefined
  readonly retryAfter: number | undefined
}

/** Throws `MalformedMessage`. */
export function parseSubscriptionState(value: string): SubscriptionState {
  return {
    state: head(value, 'Subscription-State').toLowerCase(),
    reason: parameter(value, 'reason')?.toLowerCase(),
    expires: seconds(parameter(value, 'expires')),
    retryAfter: seconds(parameter(value, 'retry-after')),
  }
}

function head(value: string, name: string): string {
  const semicolon = value.indexOf(';')
  const token = trimmed(value, 0, semicolon < 0 ? value.length : semicolon)
  if (!isToken(token)) throw new MalformedMessage(`${name} has no value`)
  return token
}

function seconds(text: string | undefined): number | undefined {
  const value = decimal(text ?? '', 0xffff_ffff)
  return Number.isNaN(value) ? undefined : value
}
