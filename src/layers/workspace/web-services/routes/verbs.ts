/** Verbs on a call as the T-Library requests that they are. */
import { HttpProblem } from '#platform/http/errors.ts'
import type { MyCall } from '#protocols/model/http/agents.ts'
import type { Verb, VerbBody } from '#protocols/model/http/calls.ts'
import type { Asked } from '#protocols/tlib/client.ts'

export type VerbContext = {
  /** Whose DN it is. */
  readonly dn: string
  readonly call: MyCall
  /** The other calls of the DN. */
  readonly others: readonly MyCall[]
  readonly body: VerbBody
}

/** Throws `HttpProblem` where the body lacks what the verb needs. */
export function verbRequest(verb: Verb, context: VerbContext): Asked {
  const { dn: thisDN, call, body } = context
  const on = { thisDN, connID: call.connID, ...(body.userData && { userData: body.userData }) }
  switch (verb) {
    case 'answer':
      return { name: 'RequestAnswerCall', ...on }
    case 'hold':
      return { name: 'RequestHoldCall', ...on }
    case 'retrieve':
      return { name: 'RequestRetrieveCall', ...on }
    case 'release':
      return { name: 'RequestReleaseCall', ...on }
    case 'mute':
      return { name: 'RequestSetMuteOn', ...on }
    case 'unmute':
      return { name: 'RequestSetMuteOff', ...on }
    case 'send-dtmf':
      return { name: 'RequestSendDtmf', ...on, dtmfDigits: needed(verb, 'digits', body.digits) }
    case 'consult':
      return { name: 'RequestInitiateTransfer', ...on, otherDN: needed(verb, 'destination', body.destination) }
    case 'single-step-transfer':
      return { name: 'RequestSingleStepTransfer', ...on, otherDN: needed(verb, 'destination', body.destination) }
    case 'single-step-conference':
      return { name: 'RequestSingleStepConference', ...on, otherDN: needed(verb, 'destination', body.destination) }
    case 'delete-from-conference':
      return { name: 'RequestDeleteFromConference', ...on, otherDN: needed(verb, 'dn', body.dn) }
    case 'alternate':
      return { name: 'RequestAlternateCall', ...on, previousConnID: other(context) }
    case 'reconnect':
      return { name: 'RequestReconnectCall', ...on, previousConnID: other(context) }
    case 'complete-transfer':
      return { name: 'RequestCompleteTransfer', ...on, previousConnID: other(context) }
    case 'complete-conference':
      return { name: 'RequestCompleteConference', ...on, previousConnID: other(context) }
  }
}

function needed(verb: Verb, key: string, value: string | undefined): string {
  if (value === undefined) throw new HttpProblem('invalid-request', `${verb} needs ${key}`)
  return value
}

/** The second call of a consultation: named, or the only other one. */
function other({ others, body }: VerbContext): string {
  const named = body.consultConnID
  const found = named === undefined ? others[0] : others.find(({ connID }) => connID === named)
  if (!found || (named === undefined && others.length > 1))
    throw new HttpProblem('conflict', 'there is no consultation, or more than one: name it by consultConnID', {
      reason: 'no-consultation',
    })
  return found.connID
}
