/**
 * From what a file says to one entry for each object: templates filled in, ranges of numbers written out. `{number}`
 * in a text stands for the number of the object it is in.
 */
import { nearest } from '#platform/schema/nearest.ts'
import { type Kind, kinds } from '../objects.ts'
import type { FileContent, FileEntry } from './file-schema.ts'

export type Expanded = { readonly key: string; readonly entry: Record<string, unknown> }
/** `property` is where it stands. */
export type Problem = { readonly property: string; readonly message: string; readonly remedy: string }

const numbered = new Set<Kind>(['persons', 'dns', 'routingPoints', 'services'])
const longestRange = 10_000

/** The objects that one entry of a file stands for, or why it stands for none. */
export function expand(kind: Kind, entry: FileEntry, templates: FileContent['templates']): Expanded[] | Problem {
  const { template: name, ...own } = entry
  const known = templates?.[kind] ?? {}
  if (name !== undefined && known[name] === undefined) return unknownTemplate(kind, name, Object.keys(known))
  const whole = { ...(name === undefined ? {} : known[name]), ...own }
  const property = kinds[kind].key
  const key = String(own[property])
  if (!numbered.has(kind)) return [{ key, entry: whole }]
  const numbers = numbersOf(key)
  if (!Array.isArray(numbers)) return { property, ...numbers }
  return numbers.map((number) => ({
    key: number,
    entry: { ...(inserted(whole, number) as Record<string, unknown>), [property]: number },
  }))
}

function unknownTemplate(kind: Kind, name: string, known: readonly string[]): Problem {
  const near = nearest(name, known)
  const all = known.length > 0 ? `known are ${known.join(', ')}` : `define it under templates.${kind}`
  const remedy = near === undefined ? all : `did you mean ${near}?`
  return { property: 'template', message: `names ${name}, which is no template of ${kind}`, remedy }
}

/** `1001-1010`: from and to with as many digits; anything else is one number. */
function numbersOf(text: string): string[] | { message: string; remedy: string } {
  const [, from = '', to = ''] = text.match(/^(\d+)-(\d+)$/) ?? []
  if (from === '') return [text]
  const count = Number(to) - Number(from) + 1
  if (from.length !== to.length || count < 1)
    return { message: 'is no range', remedy: 'write the smaller number first, both with as many digits: 1001-1010' }
  if (count > longestRange) return { message: 'is too large a range', remedy: `at most ${longestRange} numbers` }
  return Array.from({ length: count }, (_, index) => String(Number(from) + index).padStart(from.length, '0'))
}

function inserted(value: unknown, number: string): unknown {
  if (typeof value === 'string') return value.replaceAll('{number}', number)
  if (Array.isArray(value)) return value.map((item) => inserted(item, number))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inserted(item, number)]))
}
