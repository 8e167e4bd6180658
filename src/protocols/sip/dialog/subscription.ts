/**
 * A subscription as its notifier keeps it (RFC 6665 §4.2): it lasts while it is refreshed; one NOTIFY is under way at a
 * time, and what changes meanwhile is told by the next one.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'

export type State = 'Idle' | 'Notifying' | 'Terminated'

/** Why it ends (§4.1.3). */
export type Reason = 'timeout' | 'deactivated' | 'probation' | 'noresource'

export type Input =
  /** The first SUBSCRIBE, or a refresh; 0 seconds: only once more (§4.4.1, §4.4.3). */
  | { type: 'subscribe'; seconds: number }
  | { type: 'changed' }
  /** The NOTIFY has its final response; `gone`: nobody wants another. */
  | { type: 'answered'; gone: boolean }
  | { type: 'end'; reason: Reason }
  | { type: 'timerExpire' }

export type Effect =
  | { type: 'start'; timer: 'Expire'; after: number }
  /** With the state as it is then; `reason`: it is the last one. */
  | { type: 'notify'; reason?: Reason }

/** `stale`: there is news that the NOTIFY under way does not tell. */
export type Subscription = { readonly stale: boolean }

export const fresh: Subscription = { stale: false }

export const subscription: Machine<State, Input, Subscription, Effect> = {
  name: 'subscription',
  timers: { Expire: ['Idle', 'Notifying'] },
  states: {
    Idle: {
      subscribe: (_, { seconds }) =>
        seconds === 0 ? last('timeout') : to('Notifying', fresh, { type: 'notify' }, expire(seconds)),
      changed: () => to('Notifying', fresh, { type: 'notify' }),
      end: (_, { reason }) => last(reason),
      timerExpire: () => last('timeout'),
    },
    Notifying: {
      // §4.2.1.2: each SUBSCRIBE is followed by a NOTIFY, though nothing has changed.
      subscribe: (_, { seconds }) =>
        seconds === 0 ? last('timeout') : to('Notifying', { stale: true }, expire(seconds)),
      changed: () => to('Notifying', { stale: true }),
      answered: ({ stale }, { gone }) => {
        if (gone) return to('Terminated', fresh)
        return stale ? to('Notifying', fresh, { type: 'notify' }) : to('Idle', fresh)
      },
      end: (_, { reason }) => last(reason),
      timerExpire: () => last('timeout'),
    },
    Terminated: { subscribe: stay, changed: stay, answered: stay, end: stay },
  },
}

function to(state: State, data: Subscription, ...effects: Effect[]): Step<State, Subscription, Effect> {
  return { state, data, effects }
}

function stay(data: Subscription) {
  return to('Terminated', data)
}
const last = (reason: Reason) => to('Terminated', fresh, { type: 'notify', reason })
const expire = (seconds: number): Effect => ({ type: 'start', timer: 'Expire', after: seconds * 1000 })
