/** The Info Mart of one node's events: the interactions that follow from them. */
import type { CallEvent, OwnerEvent } from '#protocols/tlib/events.ts'
import type { EventStore } from '../model/store.ts'
import { LiveCalls } from './live-calls.ts'
import { wrapUpOf } from './wrap-up.ts'

export function infoMart(store: Pick<EventStore, 'eventsAbout'>) {
  const live = new LiveCalls({ eventsAbout: (callUUID) => store.eventsAbout(callUUID) })
  return {
    call: (event: CallEvent) => live.take(event),
    owner: (event: OwnerEvent) => wrapUpOf(event),
  }
}
