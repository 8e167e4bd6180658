/** What a final response of who is called, or the refusal of its owner, means for the call (contract §5, flows §2). */
import type { CallState } from '#protocols/tlib/attributes.ts'
import { type ErrorName, errors } from '#protocols/tlib/errors.ts'
import type { SeizeOutcome, SeizeRefusal } from '../ports.ts'
import type { Call, Ending } from './call.ts'
import { calledSide } from './ending.ts'

export type Failure = {
  readonly cause:
    | 'busy'
    | 'rejected'
    | 'no-answer'
    | 'out-of-service'
    | 'not-acceptable'
    | 'not-found'
    | 'forbidden'
    | 'refused'
  readonly status: number
  /** What the INVITE of who calls is answered, where that is not `status`. */
  readonly answer?: number
  readonly callState: CallState
  /** It is told as EventDestinationBusy. */
  readonly isBusy: boolean
}

export const failures = {
  busy: { cause: 'busy', status: 486, callState: 'Busy', isBusy: true },
  rejected: { cause: 'rejected', status: 603, callState: 'Busy', isBusy: true },
  noAnswer: { cause: 'no-answer', status: 480, callState: 'NoAnswer', isBusy: false },
  outOfService: { cause: 'out-of-service', status: 480, callState: 'GeneralError', isBusy: false },
  notAcceptable: { cause: 'not-acceptable', status: 488, callState: 'GeneralError', isBusy: false },
  notFound: { cause: 'not-found', status: 404, callState: 'SitInvalidnum', isBusy: true },
  forbidden: { cause: 'forbidden', status: 403, callState: 'SitInvalidnum', isBusy: true },
} as const satisfies Record<string, Failure>

/** Of one of our DNs: its phone's response, or the proxy's where it has none. */
export function failureOfPhone(status: number): Failure {
  if (status === 486 || status === 600) return failures.busy
  if (status === 404 || status === 410 || status === 430 || status === 480 || status === 503)
    return failures.outOfService
  if (status === 408 || status === 487 || status === 504) return failures.noAnswer
  if (status === 415 || status === 606 || refusesMedia(status)) return failures.notAcceptable
  return failures.rejected
}

/** Who is called speaks nothing of what was offered, and may of something else (RFC 3261 §21.4.26). */
export const refusesMedia = (status: number): boolean => status === 488

/** Of a media server: it cannot read the caller's description, or has nothing in common with it; no other will. */
export const isUnsuitable = (status: number): boolean => status === 400 || status === 488

/** Of a carrier: its status is the caller's, unless it is about us alone. */
export const failureOfCarrier = (status: number): Failure => ({
  cause: 'refused',
  status,
  ...(isBetween(status) && { answer: 500 }),
  callState: carrierStates[status] ?? 'GeneralError',
  isBusy: true,
})

/**
 * What wants another request of us: whom it redirects, who we are, how long a session lasts. Who calls would do for
 * himself what was meant for us, and a challenge that he cannot meet is an offence of his. Or what says that the carrier
 * has no room, which of us would mean that we have none: a phone would go elsewhere with all its calls (RFC 3261 §16.7
 * step 6, §21.5.4). Or that a connection is gone, which is not that of who hears it: he would register anew (RFC 5626 §5.3).
 */
const isBetween = (status: number): boolean =>
  status < 400 || status === 401 || status === 407 || status === 422 || status === 430 || status === 503

/**
 * What one side is answered where the other has refused what was passed on to it in a dialog. 408 and 481 are about that
 * dialog, not about this one (§12.2.1.2).
 */
export const refusalInDialog = (status: number): number =>
  status === 408 || status === 481 || isBetween(status) ? 500 : status

const carrierStates: Readonly<Record<number, CallState>> = {
  404: 'SitInvalidnum',
  484: 'SitInvalidnum',
  604: 'SitInvalidnum',
  486: 'Busy',
  600: 'Busy',
  603: 'Busy',
  408: 'NoAnswer',
  480: 'NoAnswer',
  503: 'AllTrunksBusy',
}

export const failureOfSeizure = (cause: SeizeRefusal): Failure =>
  cause === 'busy' || cause === 'reserved' || cause === 'not-ready'
    ? failures.busy
    : cause === 'not-found'
      ? failures.notFound
      : failures.outOfService

export function endingOf(call: Pick<Call, 'callType'>, { cause, status }: Failure): Ending {
  if (cause === 'refused') return { by: 'carrier', cause, status }
  if (cause === 'not-acceptable' || cause === 'not-found' || cause === 'forbidden')
    return { by: 'cluster', cause, status }
  return { by: calledSide(call), cause, status }
}

const refusals: Readonly<Record<SeizeRefusal, ErrorName>> = {
  busy: 'busy',
  reserved: 'resourceSeized',
  'not-ready': 'wrongState',
  'not-found': 'unknownDN',
  'out-of-service': 'outOfService',
  'owner-unreachable': 'linkLost',
}
/** EventError for a request whose DN could not be seized. */
export const errorOfSeizure = (cause: SeizeRefusal) => errors[refusals[cause]]

/** What the owner of a DN is told of an offer that its phone declined. */
export const outcomeOf = ({ cause }: Failure): SeizeOutcome =>
  cause === 'no-answer' ? 'no-answer' : cause === 'out-of-service' ? 'out-of-service' : 'rejected'
