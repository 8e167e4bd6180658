/** Requests are checked by TypeBox schemas: unknown keys are refused by name, defaults filled in. */
import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { faultsOf } from '../schema/faults.ts'
import { HttpProblem } from './errors.ts'

/** Tells the types of a route's schemas to its code. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

export const compileSchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  return (data: unknown) => {
    // Query and path are text: `?limit=10` is a number where the schema says so.
    const value = Value.Default(schema, httpPart === 'body' ? data : Value.Convert(schema, { ...(data as object) }))
    const faults = faultsOf(schema, validator, value)
    if (faults.length === 0) return { value }
    const [first] = faults
    const detail = first ? `${first.path.join('.') || `the ${httpPart}`} ${first.message}; ${first.remedy}` : ''
    return { error: new HttpProblem('invalid-request', detail, { faults }) }
  }
}
