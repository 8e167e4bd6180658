/**
 * Events that are missing may still come: a lost client of a pool had them, and they are told again. Of a call that
 * lacks some, the state before the first one missing is kept, and all that was read since.
 */
import { Recent } from '#platform/recent.ts'
import { millisecondsOf } from '#platform/time.ts'
import type { CallEvent } from '#protocols/tlib/events.ts'
import type { CallState } from './call-state.ts'
import { beforeFirst, expected, read } from './fold.ts'

type Gap = { readonly before: CallState; readonly since: readonly CallEvent[] }

/** Calls with events missing, going on or over: that many are completed at the most. */
const remembered = 1000

export class Gaps {
  private readonly gaps = new Recent<string, Gap | undefined>(remembered)

  /** An event of this call is about to be read. */
  reads(call: CallState, event: CallEvent): void {
    const next = expected(call, event)
    if (event.eventNo < next) return
    const gap = this.gaps.get(call.callUUID)
    if (gap) this.gaps.set(call.callUUID, { ...gap, since: [...gap.since, event] })
    else if (event.eventNo > next) this.gaps.set(call.callUUID, { before: structuredClone(call), since: [event] })
  }

  /** The call as it is with an event that was missing; `undefined` where this is none. */
  fill(callUUID: string, event: CallEvent): CallState | undefined {
    const gap = this.gaps.get(callUUID)
    if (!gap || !lacks(gap, event)) return undefined
    const since = inOrder([...gap.since, event])
    const call = stateBefore(gap, since)
    for (const one of since) read(call, one)
    this.gaps.set(callUUID, call.missing > gap.before.missing ? { ...gap, since } : undefined)
    return call
  }
}

/** Where the first event of all was missing, the call begins with it. */
function stateBefore({ before }: Gap, [first]: readonly CallEvent[]): CallState {
  const begins = before.next.size === 0 && first?.callUUID === before.callUUID
  return begins ? beforeFirst(first) : structuredClone(before)
}

const lacks = ({ before, since }: Gap, { callUUID, eventNo }: CallEvent): boolean =>
  eventNo >= (before.next.get(callUUID) ?? 1) &&
  !since.some((event) => event.callUUID === callUUID && event.eventNo === eventNo)

/** As they happened: the times of a call's events never go back, and those of one moment have numbers. */
export const inOrder = (events: readonly CallEvent[]): CallEvent[] =>
  [...events].sort(
    (a, b) =>
      millisecondsOf(a.time) - millisecondsOf(b.time) || (a.callUUID === b.callUUID ? a.eventNo - b.eventNo : 0),
  )
