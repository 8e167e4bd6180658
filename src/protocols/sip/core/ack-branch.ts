import type { Dialog } from '../dialog/dialog.ts'
import { add, digits, none } from './hash.ts'

/** Of the ACK to a 2xx, after the cookie: the same each time the 2xx comes again, for it is the same ACK (§13.2.2.4). */
export const branchOfAck = ({ localTag, callID, remoteTag }: Dialog, cseq: number): string =>
  `${localTag}${digits(add(add(add(none, callID), remoteTag), String(cseq)))}`
