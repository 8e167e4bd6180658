import { fnv1a } from '#platform/fnv1a.ts'
import type { Dialog } from '../dialog/dialog.ts'
import { digits } from './digits.ts'

/** Of the ACK to a 2xx, after the cookie: the same each time the 2xx comes again, for it is the same ACK (§13.2.2.4). */
export const branchOfAck = ({ localTag, callID, remoteTag }: Dialog, cseq: number): string =>
  `${localTag}${digits(fnv1a(String(cseq), fnv1a(remoteTag, fnv1a(callID))))}`
