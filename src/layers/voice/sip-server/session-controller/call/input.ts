/** All that can happen to a call. Each says when (`at`, wall-clock ms), since events carry their time. */
import type { EndCause } from '#protocols/sip/core/session.ts'
import type { Request, RequestName } from '#protocols/tlib/requests.ts'
import type { SeizeReply } from '../ports.ts'
import type { Consultation, GivenUp, Target } from './call.ts'

type At = { readonly at: number }
type OnLeg = At & { readonly leg: string }

/** `number` is the user part of `uri`. */
export type RedirectContact = { readonly uri: string; readonly number: string; readonly target: Target | undefined }

/** What the session of a leg tells (`SessionUser`), as plain data. */
export type LegInput =
  | (OnLeg & {
      readonly type: 'progressed'
      readonly status: number
      readonly body: string | undefined
      /** The remote tag: forks have different ones. */
      readonly fork: string
      readonly talks: boolean
    })
  | (OnLeg & { readonly type: 'answered'; readonly body: string | undefined; readonly offer: boolean })
  | (OnLeg & {
      readonly type: 'failed'
      readonly status: number
      /** Of a 300–302, the best first: where each would lead. */
      readonly contacts?: readonly RedirectContact[]
      /** By us, who did not even ask. */
      readonly forbidden?: boolean
    })
  | (OnLeg & { readonly type: 'cancelled'; readonly reason: string | undefined })
  | (OnLeg & { readonly type: 'acknowledged'; readonly body: string | undefined })
  | (OnLeg & { readonly type: 'offered'; readonly body: string | undefined })
  /** It has cancelled the re-INVITE by which it did. */
  | (OnLeg & { readonly type: 'offerCancelled' })
  /** The session timer wants a re-INVITE with what the leg was told last. */
  | (OnLeg & { readonly type: 'stale' })
  | (OnLeg & {
      readonly type: 'ended'
      readonly cause: EndCause
      readonly reason: string | undefined
    })
  | (OnLeg & {
      readonly type: 'reinvited'
      readonly status: number
      readonly body: string | undefined
      readonly retryAfter: number | undefined
    })
  /** The answer to a request of ours in the dialog, `tag` says to which. */
  | (OnLeg & {
      readonly type: 'responded'
      readonly tag: string
      readonly status: number
      readonly body: string | undefined
    })
  /** INFO; `request` names it in our answer. */
  | (OnLeg & {
      readonly type: 'info'
      readonly request: number
      readonly contentType: string
      readonly body: string
    })
  | (OnLeg & {
      readonly type: 'referred'
      readonly request: number
      readonly number: string
      readonly target: Target | undefined
      /** The Event of the NOTIFYs that say what comes of it. */
      readonly event: string
      /** It names a dialog that it shall replace: an attended transfer. */
      readonly replaces: boolean
      /** That dialog, where two talk in it on this node. */
      readonly consultation: Consultation | undefined
    })

/** A T-Library request about this call; `token` names its requester, `target` is where its `otherDN` leads. */
export type RequestInput = {
  [Name in RequestName]: At & {
    readonly type: Name
    readonly request: Extract<Request, { name: Name }>
    readonly token: number
    readonly target: Target | undefined
  }
}[RequestName]

export type Input =
  | LegInput
  | RequestInput
  /** An INVITE came; `refusal` where it is not to be taken. */
  | (At & { readonly type: 'arrived'; readonly target: Target | undefined; readonly refusal?: 'overload' | undefined })
  /** RequestMakeCall. */
  | (At & { readonly type: 'made'; readonly target: Target | undefined; readonly token: number })
  | (At & { readonly type: 'seized'; readonly dn: string; readonly reply: SeizeReply })
  /** The answer to the effect `lookUp`. */
  | (At & { readonly type: 'found'; readonly number: string; readonly target: Target | undefined })
  /** An INVITE of a DN of ours names a leg that it is to replace; `by` is its own. */
  | (OnLeg & {
      readonly type: 'replacing'
      readonly by: string
      readonly dn: string
      readonly remote: string
    })
  /** Of two calls that become one: to the one that is named, to the one that lives on, and again to the first. */
  | (At & { readonly type: 'surrender'; readonly leg: string; readonly to: string; readonly by: string })
  | (At & { readonly type: 'received' } & GivenUp)
  | (At & { readonly type: 'merged'; readonly into: string })
  /** Instead of `merged`: the party is of the call again. */
  | (At & { readonly type: 'givenBack' } & Pick<GivenUp, 'given' | 'party'>)
  /** Instead of `received`: the call that was named has nobody to give up, or has ended. */
  | (OnLeg & { readonly type: 'withheld' })
  /** The owner of the DN lost its phone. */
  | (At & { readonly type: 'withdraw'; readonly dn: string })
  | (At & { readonly type: 'stop' })
  | (At & { readonly type: 'timerRing' })
  | (At & { readonly type: 'timerOffer' })
  | (At & { readonly type: 'timerRouter' })
  /** `probe:LEG`, `retry:LEG`, `media:LEG`. */
  | (At & { readonly type: 'timer'; readonly timer: string })

export type InputOf<Type extends Input['type']> = Extract<Input, { type: Type }>
