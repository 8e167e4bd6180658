/** Replaces (RFC 3891 §6.1). */
import { MalformedMessage } from '../errors.ts'
import { parameter, trimmed } from '../scan.ts'

export type Replaces = {
  readonly callID: string
  readonly toTag: string
  readonly fromTag: string
  readonly earlyOnly: boolean
}

/** Throws `MalformedMessage`. */
export function parseReplaces(value: string): Replaces {
  const semicolon = value.indexOf(';')
  const callID = trimmed(value, 0, semicolon < 0 ? value.length : semicolon)
  const toTag = parameter(value, 'to-tag')
  const fromTag = parameter(value, 'from-tag')
  if (callID === '' || !toTag || !fromTag) throw new MalformedMessage('Replaces names no dialog')
  return { callID, toTag, fromTag, earlyOnly: parameter(value, 'early-only') !== undefined }
}

export const formatReplaces = ({ callID, toTag, fromTag, earlyOnly }: Replaces): string =>
  `${callID};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`
