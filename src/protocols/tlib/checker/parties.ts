/** Invariants 1–7 as one device shows them: the party machine, queues, treatments, ConnIDs, consultation, hold. */
import type { DeviceEvent } from '../events.ts'
import { changesParty, nextPartyState } from '../party.ts'
import { dropParty, openedBy, type Party, partyAt, putParty, type Report, type World } from './world.ts'

const continuous = new Set(['Silence', 'RingBack', 'Music', 'Busy', 'FastBusy'])

export function checkParty(world: World, event: DeviceEvent, report: Report) {
  checkConsult(world, event, report)
  const party = follow(world, event, report)
  if (!changesParty(event)) return
  const next = nextPartyState(party?.state ?? 'none', event)
  if (next === undefined) return report(1, `${event.name} is illegal where the party is ${party?.state ?? 'not there'}`)
  if (party) checkOpen(party, event, report)
  if (next === 'none') return dropParty(world, event.thisDN, event.connID)
  if (party) advance(party, event, next)
  else putParty(world, openedBy(event, next))
}

/** Invariant 5: PartyChanged with another PreviousConnID moves the party to the new ConnID. */
function follow(world: World, event: DeviceEvent, report: Report): Party | undefined {
  const former = event.name === 'EventPartyChanged' ? event.previousConnID : undefined
  if (former === undefined || former === event.connID) return partyAt(world, event.thisDN, event.connID)
  const party = partyAt(world, event.thisDN, former)
  if (!party) {
    report(5, `no party of ${event.thisDN} had the ConnID ${former} that EventPartyChanged names as the former one`)
    return undefined
  }
  dropParty(world, event.thisDN, former)
  party.connID = event.connID
  putParty(world, party)
  return party
}

function advance(party: Party, event: DeviceEvent, next: Party['state']): void {
  party.state = next
  party.routeUsed = event.name === 'EventRouteUsed'
  if (event.name === 'EventEstablished') party.role = event.thisDNRole
  if (event.name === 'EventEstablished' || event.name === 'EventQueued') party.thisQueue = event.thisQueue
  if (event.name === 'EventTreatmentEnd') party.treatment = undefined
  if (event.name === 'EventTreatmentApplied')
    party.treatment = event.treatmentType && !continuous.has(event.treatmentType) ? event.treatmentType : undefined
}

function checkOpen(party: Party, event: DeviceEvent, report: Report): void {
  checkRoute(party, event, report)
  checkTreatment(party, event, report)
  if (event.name === 'EventHeld' || event.name === 'EventRetrieved') checkKept(party, event, report)
}

/** Invariant 3. */
function checkRoute(party: Party, event: DeviceEvent, report: Report): void {
  if (event.name === 'EventRouteRequest' && event.thisDN !== event.thisQueue)
    report(3, `EventRouteRequest has ThisQueue ${event.thisQueue}, not its ThisDN`)
  if (party.routeUsed && event.name !== 'EventDiverted')
    report(3, `EventRouteUsed is followed by ${event.name}, not by EventDiverted`)
}

/** Invariant 4. */
function checkTreatment(party: Party, event: DeviceEvent, report: Report): void {
  if (event.name === 'EventTreatmentApplied' && party.treatment)
    report(4, `EventTreatmentApplied comes before the EventTreatmentEnd of ${party.treatment}`)
  if (event.name === 'EventTreatmentEnd' && !party.treatment)
    report(4, 'EventTreatmentEnd ends no finite treatment that was applied')
}

/** Invariant 7. */
function checkKept(party: Party, event: DeviceEvent, report: Report): void {
  if (event.thisDNRole !== party.role) report(7, `${event.name} has the role ${event.thisDNRole}, not ${party.role}`)
  if (event.thisQueue !== party.thisQueue)
    report(7, `${event.name} has ThisQueue ${event.thisQueue ?? 'absent'}, not ${party.thisQueue ?? 'absent'}`)
}

/** Invariant 6: who consults has the first call on hold, or it has ended. */
function checkConsult(world: World, event: DeviceEvent, report: Report) {
  if (event.callType !== 'Consult') return
  const main = event.previousConnID
  if (main === undefined) return report(6, `${event.name} of a Consult call has no PreviousConnID`)
  if (event.name !== 'EventDialing') return
  const held = partyAt(world, event.thisDN, main)
  if (held && held.state !== 'Held')
    report(6, `${event.thisDN} consults while its call ${main} is ${held.state}, not Held`)
}
