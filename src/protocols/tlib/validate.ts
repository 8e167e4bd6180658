/** Reads what a client sent as a request, or says in words what is wrong with it. */
import { Compile, type Validator } from 'typebox/compile'
import { isRequestName, type Request, type RequestName, requestSchemas } from './requests.ts'

export type Misread = { readonly misread: string; readonly refID: number | undefined }

const validators = new Map<RequestName, Validator>()

/** Compiled when first needed: a node sees only a part of the requests. */
function validator(name: RequestName): Validator {
  const found = validators.get(name) ?? Compile(requestSchemas[name])
  validators.set(name, found)
  return found
}

const refIDOf = (value: object): number | undefined =>
  'refID' in value && typeof value.refID === 'number' ? value.refID : undefined

/** One sentence a person can act on: the attribute and what it must be. */
function explain(name: RequestName, value: object): string {
  const error = validator(name).Errors(value)[0]
  if (!error) return `${name}: not understood`
  if (error.keyword === 'additionalProperties' || error.keyword === 'boolean')
    return `${name}: ${unknownAttributes(name, value).join(', ')} is no attribute of it`
  return `${name}: ${error.instancePath.slice(1) || 'the request'} ${error.message}`
}

const unknownAttributes = (name: RequestName, value: object): string[] => {
  const known = (requestSchemas[name] as { properties?: object }).properties ?? {}
  return Object.keys(value).filter((attribute) => !Object.hasOwn(known, attribute))
}

export function readRequest(value: unknown): Request | Misread {
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string')
    return { misread: 'a request is a JSON object with a name, e.g. RequestRegisterClient', refID: undefined }
  const { name } = value
  if (!isRequestName(name)) return { misread: `${name.slice(0, 64)} is no request of T-Library`, refID: refIDOf(value) }
  const wellFormed: boolean = validator(name).Check(value)
  return wellFormed ? (value as Request) : { misread: explain(name, value), refID: refIDOf(value) }
}
