/** Invariant 16: a snapshot equals what the events before it told; where there were none, it is where they start. */
import type { AddressState } from '../attributes.ts'
import type { Agent, Report, World } from './world.ts'
import { fromSnapshot, partiesAt, partyAt, putParty } from './world.ts'

export type Placed = (dn: string, agent: Agent | undefined) => void

export function snapshotRule(world: World, placed: Placed, report: Report) {
  /** The DNs whose state the stream has told without a gap. */
  const followed = new Set<string>()

  const compare = (address: AddressState): void => {
    const dn = address.thisDN
    for (const call of address.calls) {
      const party = partyAt(world, dn, call.connID)
      if (party?.state === call.partyState) continue
      report(
        16,
        `the snapshot of ${dn} has call ${call.connID} ${call.partyState}, the events ${party?.state ?? 'none'}`,
      )
    }
    for (const party of partiesAt(world, dn))
      if (!address.calls.some((call) => call.connID === party.connID))
        report(16, `the snapshot of ${dn} lacks call ${party.connID}, which is ${party.state} by the events`)
    const status = world.agents.get(dn)?.status ?? 'LoggedOut'
    const told = address.agentStatus ?? 'LoggedOut'
    if (status !== told) report(16, `the snapshot of ${dn} has its agent ${told}, the events ${status}`)
  }

  const take = (address: AddressState): void => {
    const dn = address.thisDN
    world.parties.delete(dn)
    for (const call of address.calls) putParty(world, fromSnapshot(dn, call))
    placed(dn, agentOf(address))
    if (address.inService) world.outOfService.delete(dn)
    else world.outOfService.add(dn)
  }

  return {
    address(address: AddressState): void {
      if (followed.has(address.thisDN)) compare(address)
      else take(address)
      followed.add(address.thisDN)
    },
    dropped: (dn: string) => followed.delete(dn),
    interrupted: () => followed.clear(),
  }
}

function agentOf(address: AddressState): Agent | undefined {
  const status = address.agentStatus ?? 'LoggedOut'
  if (address.agentID === undefined || status === 'LoggedOut') return undefined
  return {
    agentID: address.agentID,
    status,
    workMode: address.workMode,
    reasons: JSON.stringify(address.reasons ?? {}),
    reservation: undefined,
  }
}
