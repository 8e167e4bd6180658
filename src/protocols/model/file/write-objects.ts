/** Configuration objects as a YAML file that makes the same objects: hashes instead of secrets. */
import { isDeepStrictEqual } from 'node:util'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { stringify } from 'yaml'
import type { Entries } from '../entries.ts'
import { kindNames, kinds, type Objects, Settings } from '../objects.ts'

export type Writing = {
  /** What has its default is written, too. */
  readonly defaults?: boolean
}

export function writeObjects(objects: Objects, { defaults = false }: Writing = {}): string {
  const defaultsOf = (schema: TSchema) => (defaults ? {} : (Value.Default(schema, {}) as Record<string, unknown>))
  const file = Object.fromEntries(
    kindNames
      .filter((kind) => objects[kind].length > 0)
      .map((kind) => [kind, objects[kind].map((object) => without(defaultsOf(kinds[kind].schema), object))]),
  )
  return text({ settings: without(defaultsOf(Settings), objects.settings), ...file })
}

/** Entries as a file: what a client sends, whose templates, ranges and files are written out. */
export const writeEntries = (entries: Entries): string => text(entries)

/** No anchors: a value that is there twice is written twice. */
const text = (file: object): string =>
  stringify(file, { lineWidth: 0, aliasDuplicateObjects: false, defaultStringType: 'PLAIN' })

const without = (defaults: Record<string, unknown>, object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([name, value]) => !isDeepStrictEqual(defaults[name], value)))
