/** What a call wants done; `call-at-work.ts` does it. Descriptions and other bodies are text here. */
import type { TimerEffect } from '#platform/machine/runner.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { SeizeOutcome, SeizePurpose } from '../ports.ts'
import type { Consultation, Ending, Fields, GivenUp } from './call.ts'

type OnLeg = { readonly leg: string }

type WithoutReference<E> = E extends unknown ? Omit<E, 'refID'> : never
/** What answers a request; the connection that asked adds the refID it was given. */
export type Answer = WithoutReference<Extract<Event, { refID: number }>>

export type Text = { readonly type: string; readonly text: string }

export type SipEffect =
  | (OnLeg & {
      readonly type: 'invite'
      readonly uri: string
      readonly from: string
      readonly body: string | undefined
      readonly fields: Fields
      /** The DN for Referred-By (RFC 3892). */
      readonly referredBy?: string | undefined
      /** The trunk it goes out by, and the number as it was dialled. */
      readonly trunk?: { readonly name: string; readonly number: string } | undefined
    })
  | (OnLeg & { readonly type: 'progress'; readonly status: number; readonly body: string | undefined })
  | (OnLeg & { readonly type: 'accept'; readonly body: string })
  | (OnLeg & { readonly type: 'reject'; readonly status: number; readonly fields: Fields })
  | (OnLeg & { readonly type: 'acknowledge'; readonly body: string })
  | (OnLeg & { readonly type: 'cancel' | 'bye'; readonly fields: Fields })
  /** Without a body it asks for an offer, which is answered by `acknowledge`. */
  | (OnLeg & { readonly type: 'reinvite'; readonly body: string | undefined })
  /** To the offer that the leg's side made. */
  | (OnLeg & { readonly type: 'acceptOffer'; readonly body: string })
  | (OnLeg & { readonly type: 'rejectOffer'; readonly status: number })
  /** A request in the dialog; with `tag` its answer comes back as `responded`. */
  | (OnLeg & {
      readonly type: 'send'
      readonly method: string
      readonly tag: string | undefined
      readonly fields: Fields
      readonly body: Text | undefined
    })
  /** The answer to a request of the leg's side. */
  | (OnLeg & { readonly type: 'respond'; readonly request: number; readonly status: number })

export type Effect =
  | SipEffect
  | TimerEffect
  | { readonly type: 'publish'; readonly event: Event; readonly answers: number | undefined }
  | { readonly type: 'answer'; readonly token: number; readonly event: Answer }
  | { readonly type: 'refuse'; readonly token: number; readonly code: number; readonly message: string }
  | {
      readonly type: 'seize'
      readonly dn: string
      readonly purpose: SeizePurpose
      readonly reservation: string | undefined
    }
  /** The DN, seized by the call of the first ConnID, goes on in that of the other. */
  | { readonly type: 'move'; readonly dn: string; readonly from: string; readonly to: string }
  /** The call that `leg` names by Replaces is to give its other party up to this one. */
  | { readonly type: 'consolidate'; readonly leg: string; readonly consultation: Consultation }
  | ({ readonly type: 'handOver'; readonly to: string } & GivenUp)
  /** To the call of that ConnID, whose leg `by` transfers: there is nobody to give up. */
  | { readonly type: 'withhold'; readonly to: string; readonly by: string }
  /** To the call that gave its party up: nobody is here any more to talk to. */
  | ({ readonly type: 'giveBack'; readonly connID: string } & Pick<GivenUp, 'given' | 'party'>)
  /** The call of that ConnID has given its party up. */
  | { readonly type: 'merged'; readonly connID: string }
  | { readonly type: 'release'; readonly dn: string; readonly outcome: SeizeOutcome }
  /** Where does the number lead? `found` answers. */
  | { readonly type: 'lookUp'; readonly number: string }
  /** The call is over; without an ending it never became one. */
  | { readonly type: 'over'; readonly ending: Ending | undefined }
