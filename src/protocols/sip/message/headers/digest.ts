/** WWW-Authenticate, Authorization, Authentication-Info and their Proxy forms (RFC 3261 §20, RFC 7616 §3). */
import { MalformedMessage } from '../errors.ts'
import { indexOutside, isSpace, isToken, splitList, trimmed } from '../scan.ts'
import { quote, unquote } from './name-addr.ts'

/** `scheme` in lower case, e.g. `digest`; parameters by lower-case name, unquoted. */
export type Credentials = { readonly scheme: string; readonly parameters: ReadonlyMap<string, string> }

/** A challenge or credentials. Throws `MalformedMessage`. */
export function parseCredentials(value: string): Credentials {
  let space = 0
  while (space < value.length && !isSpace(value.charCodeAt(space))) space++
  if (!isToken(value, 0, space)) throw new MalformedMessage('credentials have no scheme')
  return { scheme: value.slice(0, space).toLowerCase(), parameters: parseAuthParameters(value.slice(space)) }
}

/** The parameters alone: Authentication-Info. The same name twice is refused: nobody may choose between them. */
function parseAuthParameters(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const item of splitList(text)) {
    const equals = indexOutside(item, 0x3d, 0, item.length)
    const name = trimmed(item, 0, equals).toLowerCase()
    if (equals === item.length || !isToken(name)) throw new MalformedMessage('credentials have a broken parameter')
    if (parameters.has(name)) throw new MalformedMessage(`credentials name ${name} twice`)
    parameters.set(name, unquote(trimmed(item, equals + 1, item.length)))
  }
  return parameters
}

/** RFC 7616 §3.3, §3.4: these are written without quotes. */
const bare = new Set(['algorithm', 'stale', 'nc', 'qop'])

/** `quotedQop`: in challenges qop is a quoted list, in credentials a token. */
export function formatCredentials(
  parameters: Iterable<readonly [name: string, value: string]>,
  quotedQop: boolean,
): string {
  let text = ''
  for (const [name, value] of parameters) {
    const unquoted = bare.has(name) && !(name === 'qop' && quotedQop) && isToken(value)
    text += `${text === '' ? '' : ', '}${name}=${unquoted ? value : quote(value)}`
  }
  return `Digest ${text}`
}
