/** One DN as its events tell it: who is logged in, in which login state, on which calls; and what that shows as. */
import type { AddressState, AgentStatus as LoginState, PartyState, WorkMode } from '#protocols/tlib/attributes.ts'
import type { AgentStatus } from '../model/status.ts'

export type DeviceCall = { readonly connID: string; readonly state: PartyState; readonly queue: string | undefined }

/** What is known of a DN. */
export type DeviceState = {
  readonly dn: string
  readonly node: string
  readonly dc: string
  readonly agentID: string | undefined
  readonly login: LoginState
  readonly reason: string | undefined
  /** The owner's reservation; it shows until the offer, or until it is taken back. */
  readonly reserved: boolean
  readonly calls: readonly DeviceCall[]
}
/** With what follows from it; made by the functions below only. */
export type Device = DeviceState & {
  readonly status: AgentStatus
  /** Wall-clock ms since which it shows what it shows. */
  readonly since: number
}

function shown({ login, calls, reserved }: DeviceState): AgentStatus {
  if (login === 'LoggedOut') return 'logged-out'
  let [held, alerting] = [false, false]
  for (const { state } of calls) {
    if (state === 'Connected' || state === 'Dialing' || state === 'Busy') return 'on-call'
    held ||= state === 'Held'
    alerting ||= state === 'Alerting'
  }
  if (held) return 'on-hold'
  if (alerting) return 'ringing'
  if (reserved) return 'reserved'
  if (login === 'AfterCallWork') return 'after-call-work'
  return login === 'Ready' ? 'ready' : 'not-ready'
}

/** As it is from `now` on; where nobody sees a difference, it has been so since before. */
export function changed(before: Device, change: Partial<DeviceState>, now: number): Device {
  const after = Object.assign({ ...before }, change)
  after.status = shown(after)
  if (!alike(after, before)) after.since = now
  return after
}

/** Nothing that anybody sees differs. */
export const alike = (a: Device, b: Device): boolean =>
  a.status === b.status && a.reason === b.reason && a.agentID === b.agentID && a.dc === b.dc && a.node === b.node

export const newDevice = (dn: string, node: string, dc: string, since: number): Device => ({
  dn,
  node,
  dc,
  agentID: undefined,
  login: 'LoggedOut',
  reason: undefined,
  reserved: false,
  calls: [],
  status: 'logged-out',
  since,
})

/** The reason people see: the first key of the reasons with its value, or the value alone where the key says nothing. */
export function reasonOf(reasons: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const [first] = Object.entries(reasons ?? {})
  if (!first) return undefined
  const [key, value] = first
  return typeof value === 'string' && value !== '' ? value : key
}

export const loginAfterNotReady = (workMode: WorkMode | undefined): LoginState =>
  workMode === 'AfterCallWork' ? 'AfterCallWork' : 'NotReady'

/** A DN of a snapshot (EventRegistered for `*`). */
export function stateOf(address: AddressState, node: string, dc: string): DeviceState {
  return {
    dn: address.thisDN,
    node: address.node ?? node,
    dc: address.dc ?? dc,
    agentID: address.agentID,
    login: address.agentID === undefined ? 'LoggedOut' : (address.agentStatus ?? 'NotReady'),
    reason: reasonOf(address.reasons),
    reserved: address.reserved ?? false,
    calls: address.calls.map(({ connID, partyState, thisQueue }) => ({ connID, state: partyState, queue: thisQueue })),
  }
}

/** The calls with this one as it is now, last; `none`: without it. */
export function callsWith(
  calls: readonly DeviceCall[],
  before: string,
  now: DeviceCall | 'none',
): readonly DeviceCall[] {
  const others = calls.filter(({ connID }) => connID !== before)
  return now === 'none' ? others : [...others, now]
}
