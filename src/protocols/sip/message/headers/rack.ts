/** RSeq and RAck (RFC 3262 §7). */
import { fieldId } from '../field-names.ts'
import type { Message } from '../message.ts'
import { decimal } from '../scan.ts'
import { hasOptionTag } from './option-tags.ts'

const LARGEST = 0xffff_ffff
const RSEQ = fieldId('RSeq')

/** The number of a provisional response that is to be acknowledged; undefined for any other. */
export function reliableNumber(response: Message): number | undefined {
  if (!response.has(RSEQ) || !hasOptionTag(response, 'Require', '100rel')) return undefined
  const number = decimal(response.header('RSeq') ?? '', LARGEST)
  return number > 0 ? number : undefined
}

/** What a PRACK acknowledges: the response's number, and the request that it was to. */
export type RAck = { readonly rseq: number; readonly cseq: number; readonly method: string }

/** Undefined where it is none. */
export function rackOf(request: Message): RAck | undefined {
  const [, rseq = '', cseq = '', method = ''] = /^(\d+)\s+(\d+)\s+(\S+)$/.exec(request.header('RAck') ?? '') ?? []
  const numbers = { rseq: decimal(rseq, LARGEST), cseq: decimal(cseq, LARGEST) }
  return numbers.rseq > 0 && numbers.cseq >= 0 ? { ...numbers, method } : undefined
}

export const formatRAck = ({ rseq, cseq, method }: RAck): string => `${rseq} ${cseq} ${method}`
