/**
 * The call: Call → Leg → Dialog. What an input means in each state; the cells are in the files of their phase. Pure:
 * effects are performed by `call-at-work.ts`.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import { offerCancelled, stale } from '../media/exchange.ts'
import type { Call, State } from './call.ts'
import {
  alerted,
  arrived,
  callerCancelled,
  callerEnded,
  cancelBy,
  declineByRequest,
  declined,
  destined,
  made,
  originated,
  pickedUp,
  summoned,
  summonsFailed,
  summonsUnanswered,
  unanswered,
  withdrawn,
} from './dialling.ts'
import { sendDigits } from './digits.ts'
import type { Effect } from './effect.ts'
import { end } from './ending.ts'
import { takeMedia } from './endpoints.ts'
import type { Input, InputOf } from './input.ts'
import { giveBack, givenBack, merged, mergeWith, received, surrender, withheld, withhold } from './merging.ts'
import { declineOffer, offerTimedOut, offerWithdrawn, refusedOffer, taken, talksOf } from './offering.ts'
import {
  abandon,
  abandonBy,
  applyTreatment,
  awaitRouter,
  mediaCame,
  mediaEnded,
  mediaFailed,
  reserved,
  routeByDefault,
  routeCall,
  unrouted,
} from './queueing.ts'
import { replaced, replacing, replacingGone } from './replacing.ts'
import { anyRequest, asParty, pickUp } from './requests.ts'
import { notServed, served, serviceEnded, serviceLeft } from './serving.ts'
import {
  acknowledgedBy,
  answeredInDialog,
  exchanged,
  gaveUp,
  holdBy,
  hungUp,
  informed,
  mediaRefused,
  offeredBy,
  releaseBy,
  timed,
} from './talking.ts'
import {
  hungUpTransferring,
  referred,
  releaseTransferred,
  releaseTransferring,
  thirdAnswers,
  thirdDeclines,
  thirdLost,
  thirdRings,
  thirdSeized,
  thirdSilent,
  thirdUnanswered,
  transferAnswered,
  transferBy,
} from './transferring.ts'
import { treatmentResponded } from './treatments.ts'
import { byRole, type Cells, row, Turn } from './turn.ts'

/** What any call does about its legs, whatever it is about itself. */
const anyState: Cells = {
  ...anyRequest,
  acknowledged: acknowledgedBy,
  offered: offeredBy,
  offerCancelled,
  stale,
  reinvited: exchanged,
  responded: (turn, input) => {
    treatmentResponded(turn, input)
    answeredInDialog(turn, input)
  },
  info: informed,
  referred: (turn, { leg, request }) => turn.do({ type: 'respond', leg, request, status: 603 }),
  surrender: withhold,
  received: giveBack,
  withheld,
  timer: timed,
  // A media server, or a phone that is called first, says that it is at work.
  progressed() {},
  withdraw() {},
  // A router was quicker than the default destination.
  found() {},
  stop: (turn) => end(turn, { ending: { by: 'cluster', cause: 'shutdown' }, status: 503 }),
}

const mediaLost = { failed: mediaRefused, ended: mediaEnded }
const mediaTaken = (turn: Turn, input: InputOf<'answered'>): void => void takeMedia(turn, input)

/** By a phone: to somebody, or to whom it talks in another call. */
const refer = (turn: Turn, input: InputOf<'referred'>) =>
  input.replaces ? mergeWith(turn, input) : referred(turn, input)

/** Nobody has answered yet: whoever called may give up. */
const givingUp: Cells = {
  cancelled: byRole<'cancelled'>({ caller: callerCancelled }),
  ended: byRole<'ended'>({ caller: callerEnded }),
  RequestReleaseCall: asParty((turn, party, { token }) => cancelBy(turn, party, token)),
}

const queued: Cells = {
  ...anyState,
  answered: byRole<'answered'>({ media: mediaCame }),
  failed: byRole<'failed'>({ media: mediaFailed }),
  ended: byRole<'ended'>({ caller: abandon, media: mediaEnded }),
  cancelled: byRole<'cancelled'>({ caller: abandon }),
  RequestReleaseCall: asParty((turn, party, { token }) => abandonBy(turn, party, token)),
  RequestApplyTreatment: applyTreatment,
}

const talking: Cells = {
  ...anyState,
  answered: byRole<'answered'>({ media: mediaTaken }),
  failed: byRole<'failed'>({ media: mediaLost.failed }),
  ended: byRole<'ended'>({ caller: hungUp, callee: hungUp, media: mediaLost.ended }),
  cancelled: byRole<'cancelled'>({ caller: callerCancelled, callee: gaveUp }),
  RequestReleaseCall: asParty((turn, party, { token }) => releaseBy(turn, party, token)),
  RequestHoldCall: asParty((turn, party, { token }) => holdBy(turn, party, 'hold', token)),
  RequestRetrieveCall: asParty((turn, party, { token }) => holdBy(turn, party, 'retrieve', token)),
  RequestSendDtmf: asParty((turn, party, input) =>
    sendDigits(turn, party, (input as InputOf<'RequestSendDtmf'>).request.dtmfDigits, input.token),
  ),
}

export const callMachine: Machine<State, Input, Call, Effect> = {
  name: 'call',
  timers: {
    Ring: ['Summoning', 'Ringing', 'Transferring', 'Transferred'],
    Offer: ['Offering'],
    Router: ['Queued', 'Reserving'],
  },
  states: {
    New: row('New', { arrived, made }),
    Arriving: row('Arriving', { ...anyRequest, ...unborn(), seized: originated }),
    Summoning: row('Summoning', {
      ...anyState,
      ...givingUp,
      answered: byRole<'answered'>({ caller: summoned }),
      failed: byRole<'failed'>({ caller: summonsFailed }),
      timerRing: summonsUnanswered,
      progressed: byRole<'progressed'>({ caller: talksOf }),
      RequestAnswerCall: pickUp,
    }),
    Seizing: row('Seizing', { ...anyState, ...givingUp, seized: destined }),
    Ringing: row('Ringing', {
      ...anyState,
      ...givingUp,
      progressed: byRole<'progressed'>({ callee: alerted }),
      answered: byRole<'answered'>({ callee: pickedUp }),
      failed: byRole<'failed'>({ callee: declined }),
      timerRing: unanswered,
      withdraw: withdrawn,
      RequestAnswerCall: pickUp,
      RequestReleaseCall: asParty((turn, party, { token }) =>
        party.state === 'Alerting' ? declineByRequest(turn, token) : cancelBy(turn, party, token),
      ),
    }),
    Queued: row('Queued', {
      ...queued,
      RequestRouteCall: routeCall,
      timerRouter: unrouted,
      found: routeByDefault,
    }),
    Reserving: row('Reserving', { ...queued, seized: reserved, timerRouter: awaitRouter }),
    Offering: row('Offering', {
      ...queued,
      RequestApplyTreatment: anyRequest.RequestApplyTreatment ?? (() => {}),
      answered: byRole<'answered'>({ callee: taken, media: mediaCame }),
      failed: byRole<'failed'>({ callee: refusedOffer, media: mediaFailed }),
      progressed: byRole<'progressed'>({ callee: talksOf }),
      timerOffer: offerTimedOut,
      withdraw: offerWithdrawn,
      RequestAnswerCall: pickUp,
      RequestReleaseCall: asParty((turn, party, { token }) =>
        party.state === 'Alerting' ? declineOffer(turn, token) : abandonBy(turn, party, token),
      ),
    }),
    Talking: row('Talking', {
      ...talking,
      referred: byRole<'referred'>({ caller: refer, callee: refer }),
      surrender,
      received,
      replacing,
      seized: replaced,
      ended: byRole<'ended'>({ caller: hungUp, callee: hungUp, target: replacingGone, media: mediaLost.ended }),
      cancelled: byRole<'cancelled'>({ caller: callerCancelled, callee: gaveUp, target: replacingGone }),
      RequestSingleStepTransfer: asParty((turn, party, input) =>
        transferBy(turn, party, input as InputOf<'RequestSingleStepTransfer'>),
      ),
    }),
    Transferring: row('Transferring', {
      ...talking,
      seized: thirdSeized,
      progressed: byRole<'progressed'>({ target: thirdRings }),
      answered: byRole<'answered'>({ target: thirdAnswers, media: mediaTaken }),
      failed: byRole<'failed'>({ target: thirdDeclines, media: mediaLost.failed }),
      ended: byRole<'ended'>({ caller: hungUpTransferring, callee: hungUpTransferring, media: mediaLost.ended }),
      RequestReleaseCall: asParty((turn, party, { token }) => releaseTransferring(turn, party, token)),
      timerRing: thirdSilent,
    }),
    Transferred: row('Transferred', {
      ...talking,
      answered: byRole<'answered'>({ callee: transferAnswered, media: mediaTaken }),
      failed: byRole<'failed'>({ callee: thirdLost, media: mediaLost.failed }),
      timerRing: thirdUnanswered,
      RequestAnswerCall: pickUp,
      RequestReleaseCall: asParty((turn, party, { token }) => releaseTransferred(turn, party, token)),
    }),
    Merging: row('Merging', { ...anyRequest, merged, givenBack, surrender: withhold, received: giveBack }),
    Serving: row('Serving', {
      ...anyState,
      answered: byRole<'answered'>({ media: served }),
      failed: byRole<'failed'>({ media: notServed }),
      ended: byRole<'ended'>({ caller: serviceLeft, media: serviceEnded }),
      cancelled: byRole<'cancelled'>({ caller: serviceLeft }),
      RequestReleaseCall: asParty((turn, party, { token }) =>
        party.state === 'Connected' ? releaseBy(turn, party, token) : cancelBy(turn, party, token),
      ),
    }),
    Ended: {},
  },
}

/** Before the DN that calls has been seized there are no parties, and nothing is told of the call. */
function unborn(): Cells {
  return {
    cancelled: (turn, { leg }) => stillborn(turn, leg),
    ended: (turn, { leg }) => stillborn(turn, leg),
    stop: (turn) => {
      for (const leg of Object.keys(turn.call.legs)) turn.do({ type: 'reject', leg, status: 503, fields: [] })
      turn.do({ type: 'over', ending: undefined })
      turn.state = 'Ended'
    },
  }
}

function stillborn(turn: Turn, leg: string): void {
  turn.dropLeg(leg)
  turn.do({ type: 'over', ending: undefined })
  turn.state = 'Ended'
}

/** The end of a call that a bug has stopped, from its last data: both sides get a BYE, the records are complete. */
export function brokenCall(call: Call, { at }: { at: number }): Step<State, Call, Effect> {
  const turn = new Turn('Talking', call, at)
  const ending = { by: 'cluster', cause: 'error', status: 500 } as const
  if (call.eventNo === 0) for (const leg in call.legs) turn.do({ type: 'reject', leg, status: 500, fields: [] })
  else end(turn, { ending, status: 500, callState: 'SystemError' })
  return { state: 'Ended', data: turn.call, effects: turn.effects }
}
