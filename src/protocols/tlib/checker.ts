/**
 * Asserts the invariants of every T-Library stream, event by event: the stream of a whole node, or that of one client.
 * The rules carry the numbers of the event flows, §18; 17 (segments and results) is the reporting's own.
 */
import { agentRules } from './checker/agents.ts'
import { callRules, isCallEvent } from './checker/calls.ts'
import { connectionRules } from './checker/connection.ts'
import { checkParty } from './checker/parties.ts'
import { snapshotRule } from './checker/snapshots.ts'
import { transferRule } from './checker/transfers.ts'
import { emptyWorld, isDeviceEvent, type Report } from './checker/world.ts'
import { type Event, isOwnerEvent } from './events.ts'
import type { Request } from './requests.ts'

export interface Checker {
  /** The next event of the stream. */
  event(event: Event): void
  /** A request sent on the connection: told, each must have one first answer. */
  request(request: Request): void
  /** The end of a batch (an event-loop turn): here membership is compared (9). */
  turn(): void
  /** The connection was lost or events were dropped: snapshots follow. */
  interrupted(): void
  /** Nothing follows: what is still open is a violation. Gives all violations. */
  end(): readonly string[]
  /** What was found so far, e.g. `(1) EventHeld is illegal …: EventHeld 1001 …`. */
  readonly violations: readonly string[]
}

/** More are not kept: the first say what is wrong. */
const mostKept = 100

/** `full`: every event of every device of the calls in it; `client`: what one client sees. */
export function createChecker(stream: 'full' | 'client'): Checker {
  const violations: string[] = []
  let current: Event | undefined
  const report: Report = (rule, text) => {
    if (violations.length < mostKept) violations.push(`(${rule}) ${text}${current ? `: ${describe(current)}` : ''}`)
  }
  const full = stream === 'full'
  const world = emptyWorld()
  const calls = callRules(world, full, report)
  const agents = agentRules(world, report)
  const transfers = transferRule(world, report)
  const connection = connectionRules(report)
  const snapshots = snapshotRule(world, agents.placed, report)

  const ofCall = (event: Event): void => {
    if (isCallEvent(event) && !calls.event(event)) return
    if (!isDeviceEvent(event)) return
    if (full) transfers.event(event)
    agents.ringing(event)
    checkParty(world, event, report)
  }

  return {
    violations,
    request: connection.request,
    event(event) {
      current = event
      connection.event(event)
      if (isOwnerEvent(event)) agents.event(event)
      else if (event.name === 'EventRegistered' || event.name === 'EventAddressInfo')
        takeSnapshot(event, snapshots.address)
      else if (event.name === 'EventCallMonitoringStarted') event.addresses?.forEach(snapshots.address)
      else if (event.name === 'EventUnregistered') snapshots.dropped(event.thisDN)
      else ofCall(event)
      current = undefined
    },
    turn() {
      if (full) calls.turn()
    },
    interrupted() {
      connection.interrupted()
      calls.interrupted()
      snapshots.interrupted()
      world.parties.clear()
      for (const dn of [...world.agents.keys()]) agents.placed(dn, undefined)
    },
    end() {
      if (full) calls.turn()
      transfers.end()
      calls.end()
      connection.end()
      for (const [dn, parties] of world.parties)
        for (const party of parties.values())
          report(2, `${dn} is still ${party.state} in call ${party.connID} at the end`)
      return violations
    },
  }
}

type Snapshot = Extract<Event, { name: 'EventRegistered' | 'EventAddressInfo' }>

function takeSnapshot(
  event: Snapshot,
  take: (address: Parameters<ReturnType<typeof snapshotRule>['address']>[0]) => void,
) {
  if (event.addresses) return event.addresses.forEach(take)
  const { thisDN, inService = true, agentID, agentStatus, workMode, reasons, calls = [] } = event
  take({
    thisDN,
    inService,
    calls: [...calls],
    ...(agentID !== undefined && { agentID }),
    ...(agentStatus !== undefined && { agentStatus }),
    ...(workMode !== undefined && { workMode }),
    ...(reasons !== undefined && { reasons }),
  })
}

const shown = ['thisDN', 'connID', 'previousConnID', 'callUUID', 'eventNo', 'agentID', 'refID'] as const

/** The event in one line of a violation. */
function describe(event: Event): string {
  const all = event as Event & Partial<Record<(typeof shown)[number], unknown>>
  const parts = shown.flatMap((name) => (all[name] === undefined ? [] : [`${name} ${all[name]}`]))
  return [event.name, ...parts].join(' ')
}
