/**
 * The session timer of a dialog (RFC 4028): who refreshes the session does so at half its interval; whoever hears of
 * no refresh in time ends it a little before the interval is over (§10). Each 2xx to INVITE or UPDATE sets it anew.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'

export type State = 'Off' | 'Refreshing' | 'Watching' | 'Terminated'

export type Input =
  /** A 2xx to INVITE or UPDATE has come or gone; `seconds` and `refreshing` as it says. */
  | { type: 'agreed'; seconds: number; refreshing: boolean }
  /** One that says nothing of a timer: there is none any more (§7.2). */
  | { type: 'unwatched' }
  | { type: 'over' }
  | { type: 'timerRefresh' | 'timerExpire' }

export type Effect =
  | { type: 'start'; timer: 'Refresh' | 'Expire'; after: number }
  | { type: 'refresh' }
  | { type: 'expire' }

/** `seconds`: the session interval. */
export type Interval = { readonly seconds: number }

export const sessionTimer: Machine<State, Input, Interval, Effect> = {
  name: 'session-timer',
  timers: { Refresh: ['Refreshing'], Expire: ['Refreshing', 'Watching'] },
  states: {
    Off: { agreed, unwatched: stayIn('Off'), over: stayIn('Terminated') },
    Refreshing: {
      agreed,
      unwatched: stayIn('Off'),
      // Where it is not answered with a 2xx the next one follows: §10 only says when it is too late.
      timerRefresh: (interval) =>
        to('Refreshing', interval, { type: 'refresh' }, start('Refresh', (interval.seconds * 1000) / 10)),
      timerExpire: (interval) => to('Terminated', interval, { type: 'expire' }),
      over: stayIn('Terminated'),
    },
    Watching: {
      agreed,
      unwatched: stayIn('Off'),
      timerExpire: (interval) => to('Terminated', interval, { type: 'expire' }),
      over: stayIn('Terminated'),
    },
    Terminated: { agreed: stayIn('Terminated'), unwatched: stayIn('Terminated'), over: stayIn('Terminated') },
  },
}

function to(state: State, interval: Interval, ...effects: Effect[]): Step<State, Interval, Effect> {
  return { state, data: interval, effects }
}

function stayIn(state: State) {
  return (interval: Interval) => to(state, interval)
}

const start = (timer: 'Refresh' | 'Expire', after: number): Effect => ({ type: 'start', timer, after })

/** §10: BYE a third of the interval before its end, 32 s at most; refreshes at its half. */
function agreed(_: Interval, { seconds, refreshing }: { seconds: number; refreshing: boolean }) {
  const expire = start('Expire', (seconds - Math.min(32, seconds / 3)) * 1000)
  if (!refreshing) return to('Watching', { seconds }, expire)
  return to('Refreshing', { seconds }, start('Refresh', seconds * 500), expire)
}
