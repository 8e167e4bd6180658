/** Replaces (RFC 3891 §6.1): the dialog that is to be replaced, as its peer names it. */
import { parameter, trimmed } from '../scan.ts'

export type Replaces = {
  readonly callID: string
  /** Of whom it is sent to. */
  readonly toTag: string
  readonly fromTag: string
  readonly earlyOnly: boolean
}

/** Undefined where it names no dialog. */
export function parseReplaces(value: string): Replaces | undefined {
  const semicolon = value.indexOf(';')
  const callID = trimmed(value, 0, semicolon < 0 ? value.length : semicolon)
  const toTag = parameter(value, 'to-tag')
  const fromTag = parameter(value, 'from-tag')
  if (callID === '' || toTag === undefined || toTag === '' || fromTag === undefined) return undefined
  // §6.1: a tag of 0 is that of a peer of RFC 2543, which has none.
  return {
    callID,
    toTag,
    fromTag: fromTag === '0' ? '' : fromTag,
    earlyOnly: parameter(value, 'early-only') !== undefined,
  }
}
