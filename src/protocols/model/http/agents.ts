/** Agents and people as the HTTP API tells them. */
import { type Static, Type } from 'typebox'
import { DialledNumber, Role } from '../objects.ts'
import { closed, Time } from './shape.ts'

export const AgentState = Type.Enum(
  ['logged-out', 'not-ready', 'ready', 'reserved', 'ringing', 'on-call', 'on-hold', 'after-call-work'],
  { description: 'what an agent does now' },
)
export type AgentState = Static<typeof AgentState>

export const Agent = closed({
  employeeId: Type.String(),
  name: Type.String(),
  dn: Type.Optional(Type.String({ description: 'the DN the agent is logged in on' })),
  state: AgentState,
  reason: Type.Optional(Type.String()),
  since: Time,
  node: Type.Union([Type.String(), Type.Null()], { description: 'owner of the DN; null while logged out' }),
  dc: Type.Union([Type.String(), Type.Null()]),
  skills: Type.Record(Type.String(), Type.Integer()),
  simulated: Type.Boolean(),
  live: Type.Boolean({ description: 'false: the node that says so is not connected now' }),
  asOf: Time,
})
export type Agent = Static<typeof Agent>

const Phone = closed({
  aor: Type.String({ description: 'address of record to register' }),
  servers: Type.Array(Type.String(), { description: 'SIP URIs of the proxies, nearest first' }),
})

export const MyCall = closed({
  connID: Type.String(),
  callUUID: Type.String(),
  state: Type.Enum(['dialing', 'ringing', 'connected', 'held', 'queued', 'busy']),
  callType: Type.String(),
  otherDN: Type.Optional(Type.String()),
  ani: Type.Optional(Type.String()),
  dnis: Type.Optional(Type.String()),
  queue: Type.Optional(Type.String()),
  since: Time,
  userData: Type.Record(Type.String(), Type.Unknown()),
})
export type MyCall = Static<typeof MyCall>

export const Me = closed({
  employeeId: Type.String(),
  name: Type.String(),
  roles: Type.Array(Role),
  dn: Type.Optional(Type.String()),
  phone: Phone,
  state: AgentState,
  reason: Type.Optional(Type.String()),
  since: Time,
  calls: Type.Array(MyCall),
})
export type Me = Static<typeof Me>

export const Credentials = closed({
  username: Type.String({ minLength: 1, maxLength: 64 }),
  password: Type.String({ minLength: 1, maxLength: 256 }),
})
export const Session = closed({ token: Type.String(), expiresAt: Time, me: Me })

export const Place = closed({ dn: DialledNumber })
export const WantedState = closed({
  state: Type.Enum(['ready', 'not-ready', 'after-call-work', 'logged-out']),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})
export type WantedState = Static<typeof WantedState>

export const StateAnswer = closed({
  employeeId: Type.String(),
  dn: Type.Optional(Type.String()),
  state: AgentState,
  reason: Type.Optional(Type.String()),
  since: Time,
})
export type StateAnswer = Static<typeof StateAnswer>
