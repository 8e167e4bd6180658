/** What is wrong with a value, in words a person can act on: for configuration files and for the HTTP API. */
import type { TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { nearest } from './nearest.ts'

export type Fault = {
  /** Keys and indices from the root to what is wrong. */
  readonly path: readonly string[]
  /** The key itself is wrong, not its value. */
  readonly isKey: boolean
  readonly message: string
  readonly remedy: string
}

/** JSON Schema as far as we read it. */
type Node = {
  readonly description?: string
  readonly properties?: Record<string, Node>
  readonly patternProperties?: Record<string, Node>
  readonly items?: Node
}

/** The first faults of a value, nearest to the root first; none when it is well formed. */
export function faultsOf(schema: TSchema, validator: Validator, value: unknown): Fault[] {
  if (validator.Check(value)) return []
  const errors = validator.Errors(value)
  const alternatives = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath)
  const isDetail = ({ instancePath, keyword }: TLocalizedValidationError) =>
    keyword !== 'anyOf' && alternatives.some((path) => instancePath === path || instancePath.startsWith(`${path}/`))
  return errors.filter((error) => !isDetail(error)).flatMap((error) => explain(schema as Node, error))
}

/** The schema at a path; `undefined` where it does not say. */
export function schemaAt(schema: object, path: readonly string[]): object | undefined {
  let node: Node | undefined = schema
  for (const key of path) {
    const byPattern: [string, Node] | undefined = Object.entries(node?.patternProperties ?? {}).find(([pattern]) =>
      new RegExp(pattern).test(key),
    )
    node = node?.items ?? node?.properties?.[key] ?? byPattern?.[1]
  }
  return node
}

const pathOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

function explain(schema: Node, error: TLocalizedValidationError): Fault[] {
  const path = pathOf(error.instancePath)
  const node = schemaAt(schema, path) as Node | undefined
  switch (error.keyword) {
    // Told again, with all names, as additionalProperties.
    case 'boolean':
      return []
    case 'additionalProperties':
      return error.params.additionalProperties.map((key) => unknownKey(path, key, node))
    case 'required':
      return error.params.requiredProperties.map((key) => missingKey(path, key, node))
    case 'enum':
      return [fault(path, 'is none of the values it may have', oneOf(error.params.allowedValues))]
    case 'pattern':
      return [fault(path, node?.description ? 'is not written as it has to be' : error.message, whatItIs(node))]
    default:
      return [fault(path, error.message, whatItIs(node))]
  }
}

const whatItIs = (node: Node | undefined) => (node?.description ? `it is: ${node.description}` : 'change it')

const fault = (path: readonly string[], message: string, remedy: string): Fault => ({
  path,
  isKey: false,
  message,
  remedy,
})

function unknownKey(path: readonly string[], key: string, node: Node | undefined): Fault {
  const known = Object.keys(node?.properties ?? {})
  const near = nearest(key, known)
  const remedy = near ? `did you mean ${near}?` : known.length > 0 ? `known are ${known.join(', ')}` : 'remove it'
  return { path: [...path, key], isKey: true, message: 'is no key here', remedy }
}

function missingKey(path: readonly string[], key: string, node: Node | undefined): Fault {
  const description = node?.properties?.[key]?.description
  return fault([...path, key], 'is missing', `add ${key}${description ? `: ${description}` : ''}`)
}

const oneOf = (values: readonly unknown[]) => `write one of ${values.join(', ')}`
