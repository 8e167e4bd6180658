/** One DN as its events tell it: who is logged in, in which login state, on which calls; and what that shows as. */
import type { AddressState, AgentStatus as LoginState, PartyState, WorkMode } from '#protocols/tlib/attributes.ts'
import type { AgentStatus } from '../model/status.ts'

type DeviceCall = { readonly state: PartyState; readonly queue: string | undefined }

/** Plain data; changed by `deviceAfter` only. */
export type Device = {
  readonly dn: string
  readonly node: string
  readonly dc: string
  readonly agentID: string | undefined
  readonly login: LoginState
  readonly reason: string | undefined
  /** The owner's reservation; it shows until the offer, or until it is taken back. */
  readonly reserved: boolean
  readonly calls: ReadonlyMap<string, DeviceCall>
  /** Wall-clock ms since which it shows what it shows. */
  readonly since: number
}

export function shown(device: Device): AgentStatus {
  if (device.login === 'LoggedOut') return 'logged-out'
  const states = [...device.calls.values()].map((call) => call.state)
  if (states.some((state) => state === 'Connected' || state === 'Dialing' || state === 'Busy')) return 'on-call'
  if (states.includes('Held')) return 'on-hold'
  if (states.includes('Alerting')) return 'ringing'
  if (device.reserved) return 'reserved'
  if (device.login === 'AfterCallWork') return 'after-call-work'
  return device.login === 'Ready' ? 'ready' : 'not-ready'
}

export const newDevice = (dn: string, node: string, dc: string, since: number): Device => ({
  dn,
  node,
  dc,
  agentID: undefined,
  login: 'LoggedOut',
  reason: undefined,
  reserved: false,
  calls: new Map(),
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
export function deviceOf(address: AddressState, node: string, dc: string, now: number): Device {
  return {
    dn: address.thisDN,
    node: address.node ?? node,
    dc: address.dc ?? dc,
    agentID: address.agentID,
    login: address.agentID === undefined ? 'LoggedOut' : (address.agentStatus ?? 'NotReady'),
    reason: reasonOf(address.reasons),
    reserved: address.reserved ?? false,
    calls: new Map(address.calls.map((call) => [call.connID, { state: call.partyState, queue: call.thisQueue }])),
    since: now,
  }
}
