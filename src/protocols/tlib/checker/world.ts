/** What the checker remembers of a stream: parties on devices, calls, agents. Bounded by what is alive in it. */
import type { AgentStatus, CallOnDN, Role, TreatmentType, WorkMode } from '../attributes.ts'
import type { DeviceEvent, Event } from '../events.ts'
import type { StateOrNone } from '../party.ts'

export type Report = (rule: number, text: string) => void

export type Party = {
  readonly dn: string
  connID: string
  state: StateOrNone
  role: Role
  thisQueue: string | undefined
  /** The finite treatment that runs at it. */
  treatment: TreatmentType | undefined
  routeUsed: boolean
  /** Who transferred the call here: it needs no `PartyChanged` for that. */
  readonly broughtBy: string | undefined
}

export type Agent = {
  readonly agentID: string
  status: AgentStatus
  workMode: WorkMode | undefined
  reasons: string
  reservation: { connID: string | undefined; until: number } | undefined
}

export type World = {
  /** DN → ConnID → party. */
  readonly parties: Map<string, Map<string, Party>>
  /** DN → who is logged in on it. */
  readonly agents: Map<string, Agent>
  readonly outOfService: Set<string>
}

export const emptyWorld = (): World => ({ parties: new Map(), agents: new Map(), outOfService: new Set() })

export const partyAt = (world: World, dn: string, connID: string): Party | undefined =>
  world.parties.get(dn)?.get(connID)

export const partiesAt = (world: World, dn: string): Iterable<Party> => world.parties.get(dn)?.values() ?? []

export function putParty(world: World, party: Party): void {
  const calls = world.parties.get(party.dn) ?? new Map<string, Party>()
  calls.set(party.connID, party)
  world.parties.set(party.dn, calls)
}

export function dropParty(world: World, dn: string, connID: string): void {
  const calls = world.parties.get(dn)
  calls?.delete(connID)
  if (calls?.size === 0) world.parties.delete(dn)
}

export const openedBy = (event: DeviceEvent, state: StateOrNone): Party => ({
  dn: event.thisDN,
  connID: event.connID,
  state,
  role: event.thisDNRole,
  thisQueue: event.thisQueue,
  treatment: undefined,
  routeUsed: false,
  broughtBy: event.thirdPartyDN,
})

export const fromSnapshot = (dn: string, call: CallOnDN): Party => ({
  dn,
  connID: call.connID,
  state: call.partyState,
  role: call.role,
  thisQueue: call.thisQueue,
  treatment: undefined,
  routeUsed: false,
  broughtBy: undefined,
})

export const isDeviceEvent = (event: Event): event is DeviceEvent =>
  'thisDNRole' in event && 'callUUID' in event && event.name !== 'EventPrivateInfo'
