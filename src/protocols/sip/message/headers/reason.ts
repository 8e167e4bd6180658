/** Reason (RFC 3326). */
import { decimal, isToken, parameter, trimmed } from '../scan.ts'
import { quote, unquote } from './name-addr.ts'

export type Reason = { readonly protocol: string; readonly cause: number | undefined; readonly text: string }

/** undefined for a value that is none: a bad Reason harms no request. */
export function parseReason(value: string): Reason | undefined {
  const semicolon = value.indexOf(';')
  const protocol = trimmed(value, 0, semicolon < 0 ? value.length : semicolon)
  if (!isToken(protocol)) return undefined
  const cause = decimal(parameter(value, 'cause') ?? '', 999_999)
  return {
    protocol,
    cause: Number.isNaN(cause) ? undefined : cause,
    text: unquote(parameter(value, 'text') ?? ''),
  }
}

export const formatReason = ({ protocol, cause, text }: Reason): string =>
  `${protocol}${cause === undefined ? '' : `;cause=${cause}`}${text === '' ? '' : `;text=${quote(text)}`}`
