/** What the routes share. */
import { type TSchema, Type } from 'typebox'
import { closed, Problem } from '#protocols/model/http/shape.ts'
import type { Access } from '../access.ts'
import type { Nodes } from '../nodes.ts'
import type { View } from '../view.ts'

export type Services = { readonly access: Access; readonly view: View; readonly nodes: Nodes }

/** What a route needs a token for: said in the OpenAPI document. */
export const signedIn = { security: [{ bearer: [] }] }

/** Answers of a route: the one it gives, and problems. */
export const answers = (status: number, description: string, schema: TSchema, type = 'application/json') => ({
  [status]: { description, content: { [type]: { schema } } },
  default: { description: 'a problem (RFC 9457)', content: { 'application/problem+json': { schema: Problem } } },
})

/** Answers of a route that gives a file of this type. */
export const download = (type: string) => answers(200, 'the file', Type.String({ format: 'binary' }), type)

export const ConnIDPath = closed({
  connID: Type.String({ pattern: '^[0-9a-f]{16}$', description: '16 hex digits, lower case' }),
})
export const CallUUIDPath = closed({
  callUUID: Type.String({ pattern: '^[0-9a-fA-F-]{36}$', description: 'the UUID of a call' }),
})
