/** What the schemas of the HTTP API share: closed objects, times, problems. */
import { type Static, type TProperties, Type } from 'typebox'

/** An object that refuses unknown keys. */
export const closed = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false })

export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC, milliseconds' })

/** RFC 9457 §3.1; `errors` names each refused value. */
export const Problem = Type.Object({
  type: Type.String({ description: 'a stable name of the problem' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
  instance: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String({ description: 'why it cannot be now, for programs' })),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
})
export type Problem = Static<typeof Problem>
