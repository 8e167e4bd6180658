/** The event stream of the HTTP API: `/api/v1/events`. */
import { type Static, Type } from 'typebox'
import { closed, Time } from './shape.ts'

/** First frame of the client; `since` resumes after that `seq`. */
export const Hello = closed({
  token: Type.String({ minLength: 1, maxLength: 4096 }),
  since: Type.Optional(Type.Integer({ minimum: 0 })),
})

const eventTypes = [
  'snapshot',
  'call.queued',
  'call.dialing',
  'call.ringing',
  'call.established',
  'call.held',
  'call.retrieved',
  'call.released',
  'call.party.changed',
  'call.userdata.changed',
  'agent.state.changed',
  'agent.offer.missed',
  'queue.stats',
  'connection.changed',
] as const
export type EventType = (typeof eventTypes)[number]

export const ApiEvent = closed({
  id: Type.String(),
  seq: Type.Integer({ description: 'grows by one in the stream of a data centre; gaps are events of others' }),
  type: Type.Enum(eventTypes),
  time: Time,
  dc: Type.String(),
  subject: Type.String({ description: 'a callUUID, employee id, queue number or node' }),
  data: Type.Record(Type.String(), Type.Unknown()),
})
export type ApiEvent = Static<typeof ApiEvent>
