/** What one kind of T-Library message carries, and the TypeBox schema and static type made from that. */
import { type TSchema, Type } from 'typebox'
import { type AttributeName, type Attributes, attributes } from './attributes.ts'

/** The attributes a message must have and may have. */
export type Spec = { readonly required: readonly AttributeName[]; readonly optional: readonly AttributeName[] }

export const spec = <const Required extends readonly AttributeName[], const Optional extends readonly AttributeName[]>(
  required: Required,
  optional: Optional,
) => ({ required, optional })

type Pretty<T> = { [K in keyof T]: T[K] }

/** The static type of a message: its name, what it must and what it may carry. */
export type MessageOf<Name extends string, S extends Spec> = Pretty<
  { readonly name: Name } & Pick<Attributes, S['required'][number]> & Partial<Pick<Attributes, S['optional'][number]>>
>

/** The schema of a message; an unknown attribute is refused. */
export function schemaOf(name: string, { required, optional }: Spec): TSchema {
  const properties: Record<string, TSchema> = { name: Type.Literal(name) }
  for (const attribute of optional) properties[attribute] = Type.Optional(attributes[attribute])
  for (const attribute of required) properties[attribute] = attributes[attribute]
  return Type.Object(properties, { additionalProperties: false })
}
