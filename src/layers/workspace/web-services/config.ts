/** The configuration of Web Services. */
import { type Static, Type } from 'typebox'

const closed = <P extends Record<string, Type.TSchema>>(properties: P, more: Type.TObjectOptions = {}) =>
  Type.Object(properties, { additionalProperties: false, ...more })

export const Config = closed({
  dc: Type.String({ minLength: 1, description: 'the data centre it serves' }),
  name: Type.String({ default: 'web-services', minLength: 1, description: 'how it announces itself' }),
  http: closed(
    {
      host: Type.String({ default: '127.0.0.1', description: 'address to listen on' }),
      port: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: '0 takes a free one' }),
    },
    { default: {} },
  ),
  sessionHours: Type.Number({ default: 12, minimum: 0.1, maximum: 720, description: 'after them one signs in again' }),
  tokenFile: Type.Optional(Type.String({ description: 'file with the token of the operator; made when missing' })),
  sessionSecret: Type.Optional(
    Type.String({ minLength: 32, description: 'what tokens are signed with; the same in every data centre' }),
  ),
  requestsPerMinute: Type.Integer({ default: 60_000, minimum: 60, description: 'of one address' }),
  events: Type.Integer({ default: 10_000, minimum: 100, description: 'events kept for clients that come back' }),
  demo: Type.Optional(
    closed({ username: Type.String(), password: Type.String() }, { description: 'offers this sign-in to everybody' }),
  ),
})
export type Config = Static<typeof Config>
