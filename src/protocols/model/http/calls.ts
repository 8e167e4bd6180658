/** Live calls, their history and their ladders as the HTTP API tells them. */
import { type Static, Type } from 'typebox'
import { DialledNumber } from '../objects.ts'
import { closed, Time } from './shape.ts'

export const UserData = Type.Record(Type.String({ maxLength: 128 }), Type.Unknown(), { description: 'attached data' })

export const LiveCall = closed({
  callUUID: Type.String(),
  connID: Type.String(),
  ani: Type.String(),
  dnis: Type.String(),
  state: Type.Enum(['dialing', 'queued', 'ringing', 'connected', 'held']),
  queue: Type.Optional(Type.String()),
  agentId: Type.Optional(Type.String()),
  since: Time,
  node: Type.String(),
  dc: Type.String(),
})
export type LiveCall = Static<typeof LiveCall>

export const Dial = closed({ destination: DialledNumber, userData: Type.Optional(UserData) })
export const Dialled = closed({ connID: Type.String() })

/** What a verb on a call may carry; which verb needs what is checked with the verb. */
export const VerbBody = closed({
  destination: Type.Optional(DialledNumber),
  digits: Type.Optional(Type.String({ pattern: '^[0-9A-D*#]{1,64}$' })),
  consultConnID: Type.Optional(Type.String({ pattern: '^[0-9a-f]{16}$' })),
  dn: Type.Optional(DialledNumber),
  userData: Type.Optional(UserData),
})
export type VerbBody = Static<typeof VerbBody>

export const verbs = [
  'answer',
  'hold',
  'retrieve',
  'release',
  'consult',
  'alternate',
  'reconnect',
  'complete-transfer',
  'complete-conference',
  'single-step-transfer',
  'single-step-conference',
  'delete-from-conference',
  'send-dtmf',
  'mute',
  'unmute',
] as const
export type Verb = (typeof verbs)[number]

const Ending = closed({
  by: Type.Enum(['customer', 'agent', 'carrier', 'cluster']),
  cause: Type.String(),
  status: Type.Optional(Type.Integer()),
})

const Party = closed({
  dn: Type.String(),
  role: Type.String(),
  agentId: Type.Optional(Type.String()),
  joinedAt: Time,
  leftAt: Type.Union([Time, Type.Null()]),
})

const Segment = closed({
  kind: Type.Enum(['greeting', 'ivr', 'queue', 'ringing', 'talk', 'hold', 'consult', 'wrap-up']),
  queue: Type.Optional(Type.String()),
  agentId: Type.Optional(Type.String()),
  startedAt: Time,
  endedAt: Type.Union([Time, Type.Null()]),
})

export const Interaction = closed({
  callUUID: Type.String(),
  connID: Type.String(),
  ani: Type.String(),
  dnis: Type.String(),
  startedAt: Time,
  endedAt: Type.Union([Time, Type.Null()]),
  ending: Type.Union([Ending, Type.Null()]),
  parties: Type.Array(Party),
  segments: Type.Array(Segment),
  userData: UserData,
  missingEvents: Type.Optional(
    Type.Integer({ minimum: 1, description: 'events that were lost on the way: the interaction may lack something' }),
  ),
})
export type Interaction = Static<typeof Interaction>

export const InteractionFilter = closed({
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  ani: Type.Optional(Type.String({ maxLength: 128 })),
  dnis: Type.Optional(Type.String({ maxLength: 128 })),
  agent: Type.Optional(Type.String({ maxLength: 64 })),
  cursor: Type.Optional(Type.String({ maxLength: 256 })),
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
})
export type InteractionFilter = Static<typeof InteractionFilter>

export const InteractionPage = closed({ items: Type.Array(Interaction), cursor: Type.Optional(Type.String()) })
export type InteractionPage = Static<typeof InteractionPage>

const Address = Type.String({ description: 'of a SIP message, where it is known: 192.0.2.7:5060, [2001:db8::1]:5060' })

export const LadderItem = closed({
  time: Time,
  kind: Type.Enum(['sip', 'event', 'routing', 'gap'], { description: 'gap: what is missing here, in words' }),
  from: Type.String({ description: 'a name; the address of who has none' }),
  to: Type.String(),
  fromAddress: Type.Optional(Address),
  toAddress: Type.Optional(Address),
  text: Type.String(),
})
export type LadderItem = Static<typeof LadderItem>
export const Ladder = closed({ callUUID: Type.String(), items: Type.Array(LadderItem) })
export type Ladder = Static<typeof Ladder>
