/** Reads MSML documents (RFC 5707, the subset of docs/decisions/0004-msml-subset.md); what is wrong is a value. */
import {
  type Collect,
  type CollectEnd,
  type DialogContent,
  type DialogExit,
  type Generate,
  type GenerateEnd,
  isDigits,
  isPromptName,
  longestTimeout,
  type MsmlEvent,
  type MsmlRequest,
  type MsmlResult,
  type Play,
  type PlayEnd,
} from './msml.ts'
import { type Element, parseXml } from './xml.ts'

/** A refusal: a code of RFC 5707 §11 and its cause in words. */
export type MsmlRefusal = { readonly refused: number; readonly description: string }

class Refused extends Error {
  readonly code: number
  constructor(code: number, description: string) {
    super(description)
    this.code = code
  }
}
const refuse = (code: number, description: string): never => {
  throw new Refused(code, description)
}

/** The one request of a document from the controller. */
export const parseMsmlRequest = (bytes: Uint8Array): MsmlRequest | MsmlRefusal => guarded(() => request(only(bytes)))
/** The media server's answer to a request. */
export const parseMsmlResult = (bytes: Uint8Array): MsmlResult | MsmlRefusal => guarded(() => result(only(bytes)))
/** An event from the media server. */
export const parseMsmlEvent = (bytes: Uint8Array): MsmlEvent | MsmlRefusal => guarded(() => event(only(bytes)))

function guarded<T>(read: () => T): T | MsmlRefusal {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refused) return { refused: error.code, description: error.message }
    throw error
  }
}

/** The single element inside `<msml>`. */
function only(bytes: Uint8Array): Element {
  const root = parseXml(bytes)
  if ('error' in root) return refuse(400, root.error)
  if (root.name !== 'msml') return refuse(400, `the document is <${root.name}>, not <msml>`)
  const [first, second] = root.children
  if (first === undefined || second !== undefined) return refuse(400, 'exactly one element is expected inside <msml>')
  return first
}

function request(element: Element): MsmlRequest {
  if (element.name === 'dialogend') return { type: 'dialogend', ...dialogID(attribute(element, 'id')) }
  if (element.name !== 'dialogstart') return refuse(401, `<${element.name}> is not one of dialogstart, dialogend`)
  const type = element.attributes.type ?? 'application/moml+xml'
  if (type !== 'application/moml+xml') refuse(410, 'type must be application/moml+xml')
  return {
    type: 'dialogstart',
    connection: connectionID(attribute(element, 'target')),
    name: dialogName(attribute(element, 'name')),
    ...content(element),
  }
}

const attribute = (element: Element, name: string): string =>
  element.attributes[name] ?? refuse(410, `<${element.name}> needs the attribute ${name}`)

const connectionID = (text: string): string =>
  /^conn:([^/\s]{1,128})$/.exec(text)?.[1] ?? refuse(410, 'a target is conn: and a tag')
const dialogName = (text: string): string =>
  /^[\w.-]{1,64}$/.test(text) ? text : refuse(410, 'a name has 1 to 64 letters, digits, dots, dashes')

function dialogID(id: string): { connection: string; name: string } {
  const [connection = '', name = ''] = id.split('/dialog:')
  return { connection: connectionID(connection), name: dialogName(name) }
}

function content(dialog: Element): DialogContent {
  const found: { play?: Play; collect?: Collect; generate?: Generate } = {}
  const once = (key: keyof typeof found) => {
    if (found[key]) refuse(405, `a dialog has at most one <${key === 'generate' ? 'dtmfgen' : key}>`)
  }
  for (const child of dialog.children) {
    if (child.name === 'play') {
      once('play')
      found.play = play(child)
    } else if (child.name === 'collect') {
      once('collect')
      found.collect = collect(child)
    } else if (child.name === 'dtmfgen') {
      once('generate')
      found.generate = generate(child)
    } else refuse(401, `<${child.name}> is not one of play, collect, dtmfgen`)
  }
  if (dialog.children.length === 0) refuse(405, 'a dialog needs play, collect or dtmfgen')
  if (found.generate && (found.play || found.collect)) refuse(405, 'dtmfgen stands alone')
  return found
}

function play(element: Element): Play {
  const prompts = element.children.map(prompt)
  if (prompts.length === 0 || prompts.length > 32) refuse(405, 'play needs 1 to 32 audio elements')
  const iterate = element.attributes.iterate ?? '1'
  return {
    prompts,
    iterate: iterate === 'forever' ? Infinity : whole(iterate, 'iterate', 1, 1000),
    barge: flag(element, 'barge', false),
  }
}

function prompt(audio: Element): string {
  if (audio.name !== 'audio') refuse(401, `<${audio.name}> is not audio`)
  const uri = attribute(audio, 'uri')
  const name = uri.startsWith('prompt:') ? uri.slice(7) : refuse(410, 'the uri of audio is prompt:NAME')
  return isPromptName(name) ? name : refuse(410, 'a prompt name has letters, digits and dashes')
}

function collect(element: Element): Collect {
  const pattern = element.children[0]
  if (pattern?.name !== 'pattern' || element.children.length > 1) return refuse(405, 'collect needs one pattern')
  if ((pattern.attributes.format ?? 'moml+digits') !== 'moml+digits') refuse(410, 'format must be moml+digits')
  const parts = new Map(attribute(pattern, 'digits').split(';').map(part))
  for (const key of parts.keys()) if (!['min', 'max', 'rtk'].includes(key)) refuse(410, `digits knows no ${key}`)
  const max = whole(parts.get('max') ?? '64', 'max', 1, 64)
  const returnKey = parts.get('rtk')
  if (returnKey !== undefined && !(isDigits(returnKey) && returnKey.length === 1)) refuse(410, 'rtk is one digit')
  return {
    min: whole(parts.get('min') ?? '1', 'min', 1, max),
    max,
    ...(returnKey === undefined ? {} : { returnKey }),
    firstDigitTimeout: duration(element.attributes.fdt ?? '10s', 'fdt', 100, longestTimeout),
    interDigitTimeout: duration(element.attributes.idt ?? '4s', 'idt', 100, longestTimeout),
    clear: flag(element, 'cleardb', true),
  }
}

const part = (text: string): [string, string] => {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function generate(element: Element): Generate {
  const digits = attribute(element, 'digits')
  if (!isDigits(digits)) refuse(410, 'digits are 1 to 64 of 0-9 A-D * #')
  return {
    digits,
    duration: duration(element.attributes.dur ?? '100ms', 'dur', 40, 5000),
    interval: duration(element.attributes.interval ?? '70ms', 'interval', 40, 5000),
  }
}

function whole(text: string, name: string, min: number, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : refuse(410, `${name} is a number from ${min} to ${max}`)
}

function duration(text: string, name: string, min: number, max: number): number {
  const [, digits, unit] = /^(\d{1,6})(ms|s)$/.exec(text) ?? []
  const value = Number(digits) * (unit === 's' ? 1000 : 1)
  return value >= min && value <= max ? value : refuse(410, `${name} is a time from ${min}ms to ${max}ms`)
}

function flag(element: Element, name: string, otherwise: boolean): boolean {
  const value = element.attributes[name]
  if (value === undefined) return otherwise
  return value === 'true' || (value === 'false' ? false : refuse(410, `${name} is true or false`))
}

function result(element: Element): MsmlResult {
  if (element.name !== 'result') return refuse(401, `<${element.name}> is not a result`)
  const status = whole(attribute(element, 'response'), 'response', 200, 599)
  const description = element.children.find((child) => child.name === 'description')?.text
  return description === undefined ? { status } : { status, description }
}

function event(element: Element): MsmlEvent {
  if (element.name !== 'event') return refuse(401, `<${element.name}> is not an event`)
  const name = attribute(element, 'name')
  const id = attribute(element, 'id')
  const values = eventValues(element)
  switch (name) {
    case 'msml.dialog.exit': {
      const { connection, name: dialog } = dialogID(id)
      return { name, connection, dialog, exit: exit(values) }
    }
    case 'dtmf.digit': {
      const digit = values.get('dtmf.last') ?? ''
      if (!isDigits(digit) || digit.length !== 1) refuse(410, 'dtmf.last is one digit')
      return { name, connection: connectionID(id), digit }
    }
    case 'ringmain.rtp.silent':
      return { name, connection: connectionID(id), seconds: whole(values.get('seconds') ?? '', 'seconds', 0, 86_400) }
    case 'ringmain.rtp.resumed':
      return { name, connection: connectionID(id) }
    default:
      return refuse(410, `no event is called ${name}`)
  }
}

/** `name` and `value` children alternate (RFC 5707 §8.10). */
function eventValues(element: Element): Map<string, string> {
  const values = new Map<string, string>()
  for (let at = 0; at + 1 < element.children.length; at += 2) {
    const [name, value] = [element.children[at], element.children[at + 1]]
    if (name?.name !== 'name' || value?.name !== 'value') return refuse(405, 'name and value alternate in an event')
    values.set(name.text, value.text)
  }
  return values
}

function exit(values: Map<string, string>): DialogExit {
  const play = oneOf<PlayEnd>(values.get('play.end'), ['play.complete', 'play.complete.barge', 'play.terminated'])
  const collect = oneOf<CollectEnd>(values.get('dtmf.end'), [
    'dtmf.match',
    'dtmf.nomatch',
    'dtmf.noinput',
    'dtmf.terminated',
  ])
  const generate = oneOf<GenerateEnd>(values.get('dtmfgen.end'), ['dtmfgen.complete', 'dtmfgen.terminated'])
  const digits = values.get('dtmf.digits')
  return {
    ...(play ? { play } : {}),
    ...(digits === undefined ? {} : { digits }),
    ...(collect ? { collect } : {}),
    ...(generate ? { generate } : {}),
  }
}

function oneOf<T extends string>(value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  return known.find((word) => word === value) ?? refuse(410, `${value} is not one of ${known.join(', ')}`)
}
