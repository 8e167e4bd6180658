/** Queues, nodes and the overview as the HTTP API tells them. */
import { type Static, Type } from 'typebox'
import { closed, Time } from './shape.ts'

export const Queue = closed({
  number: Type.String(),
  name: Type.String(),
  waiting: Type.Integer(),
  longestWaitSeconds: Type.Number(),
  ready: Type.Integer({ description: 'agents who could take its next call' }),
  onCall: Type.Integer({ description: 'agents who talk to its callers' }),
  asOf: Time,
  dc: Type.String({ description: 'where the figures were counted' }),
})
export type Queue = Static<typeof Queue>

export const Node = closed({
  name: Type.String(),
  dc: Type.String(),
  instances: Type.Array(
    closed({
      role: Type.Enum(['primary', 'backup']),
      epoch: Type.Integer(),
      inSync: Type.Boolean(),
      since: Time,
    }),
  ),
  ready: Type.Boolean(),
  calls: Type.Integer(),
})
export type Node = Static<typeof Node>

export const Overview = closed({
  calls: Type.Integer(),
  waiting: Type.Integer(),
  agents: Type.Record(Type.String(), Type.Integer(), { description: 'number of agents in each state' }),
  nodes: closed({ ready: Type.Integer(), all: Type.Integer() }),
  dc: Type.String(),
  asOf: Time,
  demo: Type.Optional(closed({ username: Type.String(), password: Type.String() })),
})
export type Overview = Static<typeof Overview>
