/**
 * A YAML file as plain values that remember where they stood. Where the schema wants a string, a plain scalar is taken
 * as it was written: `number: 0049` stays `0049`.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { schemaAt } from '../schema/faults.ts'
import { ConfigurationInvalid } from './errors.ts'

type Position = { readonly line: number; readonly column: number }

export interface YamlDocument {
  readonly file: string
  readonly value: unknown
  /** Where a value stands, its key with `isKey`; of what is not there, the nearest thing around it. */
  positionOf(path: readonly string[], isKey?: boolean): Position
}

/** Throws `ConfigurationInvalid` for what is no YAML, and for keys that come twice. */
export function parseYaml(file: string, text: string, schema: object = {}): YamlDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', merge: false })
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const wrong = [...document.errors, ...document.warnings]
  if (wrong.length > 0)
    throw new ConfigurationInvalid(
      file,
      wrong.map((error) => ({
        ...positionAt(error.pos[0]),
        key: '',
        message: `is not YAML here: ${error.message}`,
        remedy: remedies[error.code] ?? 'correct it',
      })),
    )
  const reader = new Reader(document, schema)
  if (reader.isTooLarge)
    throw new ConfigurationInvalid(file, [
      { line: 1, column: 1, key: '', message: 'is too large with its aliases', remedy: 'write less of them' },
    ])
  return {
    file,
    value: reader.value,
    positionOf: (path, isKey = false) => positionAt(reader.offsetOf(path, isKey)),
  }
}

const remedies: Partial<Record<string, string>> = {
  DUPLICATE_KEY: 'keep one of the two',
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent keys of one object alike',
}

/** Aliases could make a small file a huge value. */
const mostNodes = 1_000_000
const mostAliases = 5_000

class Reader {
  readonly value: unknown
  private readonly document: ReturnType<typeof parseDocument>
  private readonly schema: object
  private readonly offsets = new Map<string, { key: number; value: number }>()
  private nodes = 0
  private aliases = 0

  constructor(document: ReturnType<typeof parseDocument>, schema: object) {
    this.document = document
    this.schema = schema
    this.value = this.read(document.contents as ParsedNode | null, [])
  }

  get isTooLarge(): boolean {
    return this.nodes > mostNodes || this.aliases > mostAliases
  }

  offsetOf(path: readonly string[], isKey: boolean): number {
    for (let length = path.length; length > 0; length--) {
      const found = this.offsets.get(JSON.stringify(path.slice(0, length)))
      if (found) return isKey || length < path.length ? found.key : found.value
    }
    return 0
  }

  private read(node: ParsedNode | null, path: readonly string[]): unknown {
    if (this.isTooLarge) return null
    this.nodes += 1
    if (isAlias(node)) this.aliases += 1
    if (isAlias(node)) return this.read((node.resolve(this.document) ?? null) as ParsedNode | null, path)
    if (isMap(node)) return this.readMap(node as YAMLMap.Parsed, path)
    if (isSeq(node)) return node.items.map((item, index) => this.readAt(item as ParsedNode, [...path, String(index)]))
    if (!isScalar(node)) return null
    const wanted = schemaAt(this.schema, path) as { type?: string } | undefined
    const asWritten = wanted?.type === 'string' && typeof node.value !== 'string' && node.value !== null
    return asWritten ? String(node.source ?? node.value) : node.value
  }

  private readMap(map: YAMLMap.Parsed, path: readonly string[]): Record<string, unknown> {
    const entries = map.items.map((pair): [string, unknown] => {
      const name = nameOf(pair)
      return [name, this.readAt(pair.value, [...path, name], pair.key.range?.[0])]
    })
    return Object.fromEntries(entries)
  }

  private readAt(node: ParsedNode | null, path: readonly string[], key?: number): unknown {
    const value = node?.range?.[0]
    this.offsets.set(JSON.stringify(path), { key: key ?? value ?? 0, value: value ?? key ?? 0 })
    return this.read(node, path)
  }
}

const nameOf = ({ key }: Pair<ParsedNode, ParsedNode | null>): string =>
  isScalar(key) ? String(key.source ?? key.value) : String(key)
