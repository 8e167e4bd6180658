/** What a file of objects may say: the objects' own keys, and what people use to say them shortly. */
import { type TObject, type TProperties, Type } from 'typebox'
import { Credentials, type Kind, kindNames, kinds, Registration, Settings } from '../objects.ts'

const closed = (properties: TProperties) => Type.Object(properties, { additionalProperties: false })

/** What an entry may say beyond the object itself. */
const additions: Partial<Record<Kind, TProperties>> = {
  persons: { password: Type.String({ minLength: 1, maxLength: 256, description: 'kept as a hash only' }) },
  dns: { secret: Type.String({ minLength: 1, maxLength: 256, description: 'digest secret, kept as HA1 only' }) },
  trunks: {
    registration: closed(optional(Registration.properties)),
    credentials: closed({
      ...optional(Credentials.properties),
      username: Credentials.properties.username,
      secret: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'kept as HA1 only' })),
    }),
  },
  strategies: { file: Type.String({ minLength: 1, description: 'the SCXML file, seen from this one' }) },
}
const template = Type.String({ description: 'name of a template: its keys count where the entry has none' })

/** Nothing is required but the key: the rest may come from a template, and is checked when it is there. */
function entryOf(kind: Kind): TObject {
  const { key, schema } = kinds[kind]
  const properties = { ...(schema.properties as TProperties), ...additions[kind], template }
  const optional = Object.entries(properties).map(([name, value]) => [
    name,
    name === key ? value : Type.Optional(value),
  ])
  return closed(Object.fromEntries(optional))
}

function templateOf(kind: Kind): TObject {
  const { [kinds[kind].key]: _key, template: _template, ...properties } = entryOf(kind).properties
  return closed(properties)
}

const each = (schemaOf: (kind: Kind) => TProperties[string]) =>
  Object.fromEntries(kindNames.map((kind) => [kind, Type.Optional(schemaOf(kind))]))

/** An entry as it is written; which kind has which keys is the schema's business. */
export type FileEntry = Readonly<Record<string, unknown>> & { readonly template?: string }
export type FileContent = {
  readonly settings?: object
  readonly templates?: { readonly [K in Kind]?: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
} & { readonly [K in Kind]?: readonly FileEntry[] }

export const FileSchema = closed({
  settings: Type.Optional(closed(optional(Settings.properties))),
  templates: Type.Optional(closed(each((kind) => Type.Record(Type.String(), templateOf(kind))))),
  ...each((kind) => Type.Array(entryOf(kind))),
})

function optional(properties: TProperties): TProperties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, Type.Optional(value)]))
}
