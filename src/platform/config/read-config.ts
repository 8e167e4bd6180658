/** A configuration file as a typed value: defaults filled in, or every fault with its line, key and remedy. */
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { type Fault, faultsOf } from '../schema/faults.ts'
import { ConfigurationInvalid } from './errors.ts'
import { parseYaml, type YamlDocument } from './yaml-document.ts'

/** Reads a YAML text by its schema. Throws `ConfigurationInvalid`; `file` is what its message calls the text. */
export const readConfig = <S extends TSchema>(schema: S, file: string, text: string): Static<S> =>
  checked(schema, parseYaml(file, text, schema))

/** The value of a document by its schema. Throws `ConfigurationInvalid`. */
function checked<S extends TSchema>(schema: S, document: YamlDocument): Static<S> {
  const value = Value.Default(schema, structuredClone(document.value ?? {}))
  const faults = faultsOf(schema, Compile(schema), value)
  if (faults.length > 0)
    throw new ConfigurationInvalid(
      document.file,
      faults.map((fault) => placed(document, fault)),
    )
  return value as Static<S>
}

/** A fault with its place in the file. */
export const placed = (document: YamlDocument, { path, isKey, message, remedy }: Fault) => ({
  ...document.positionOf(path, isKey),
  key: path.join('.'),
  message,
  remedy,
})
