/** Via (RFC 3261 §20.42, RFC 3581). */
import { MalformedMessage } from '../errors.ts'
import { decimal, indexOutside, isToken, parameter, trimmed } from '../scan.ts'
import { parseHostPort } from './uri.ts'

export type Via = {
  /** Upper case: UDP, TCP, TLS, WS, WSS or something we do not know. */
  readonly protocol: string
  /** sent-by; IPv6 with its brackets. */
  readonly host: string
  /** 0 where none is written. */
  readonly port: number
  readonly branch: string
  readonly received: string | undefined
  /** undefined: not there; 0: asked for; else the port. */
  readonly rport: number | undefined
  readonly maddr: string | undefined
  /** From the first `;` on. */
  readonly parameters: string
}

/** Reads one value. Throws `MalformedMessage`. */
export function parseVia(value: string): Via {
  const semicolon = indexOutside(value, 0x3b, 0, value.length)
  const { protocol, rest } = sentProtocol(value, semicolon)
  const parameters = value.slice(semicolon)
  const rport = parameter(parameters, 'rport')
  return {
    protocol,
    ...parseHostPort(rest.replace(/[ \t\r\n]*:[ \t\r\n]*(?=\d*$)/, ':')),
    branch: parameter(parameters, 'branch') ?? '',
    received: parameter(parameters, 'received'),
    rport: rport === undefined ? undefined : rport === '' ? 0 : checkedPort(rport),
    maddr: parameter(parameters, 'maddr'),
    parameters,
  }
}

/** `SIP / 2.0 / UDP host`: white space may stand around the slashes. */
function sentProtocol(value: string, end: number): { protocol: string; rest: string } {
  const first = value.indexOf('/')
  const second = value.indexOf('/', first + 1)
  if (first < 0 || second < 0 || second > end) throw new MalformedMessage('a Via has no protocol')
  const name = trimmed(value, 0, first).toUpperCase()
  if (name !== 'SIP' || trimmed(value, first + 1, second) !== '2.0')
    throw new MalformedMessage('a Via is not of SIP/2.0')
  const rest = trimmed(value, second + 1, end)
  const space = rest.search(/[ \t\r\n]/)
  if (space < 0 || !isToken(rest, 0, space)) throw new MalformedMessage('a Via has no sent-by')
  return { protocol: rest.slice(0, space).toUpperCase(), rest: rest.slice(space).trim() }
}

function checkedPort(text: string): number {
  const port = decimal(text, 65_535)
  if (Number.isNaN(port)) throw new MalformedMessage('an rport is not a port')
  return port
}
