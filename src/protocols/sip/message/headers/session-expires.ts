/** Session-Expires and Min-SE (RFC 4028 §4, §5). */
import { fieldId } from '../field-names.ts'
import type { Message } from '../message.ts'
import { expiresSeconds } from './expires.ts'

/** Which side of the transaction that carries it refreshes the session. */
export type Refresher = 'uac' | 'uas'

export type SessionExpires = { readonly seconds: number; readonly refresher: Refresher | undefined }

const SESSION_EXPIRES = fieldId('Session-Expires')

/** §5: no session timer is shorter, in seconds. */
export const shortestSession = 90
/** Beyond a day a session timer protects nobody. */
const longestSession = 86_400

/** Undefined without one, where it is no number, and where it is longer than a day. */
export function sessionExpiresOf(message: Message): SessionExpires | undefined {
  if (!message.has(SESSION_EXPIRES)) return undefined
  const [, number = '', parameters = ''] = /^(\d+)\s*(;.*)?$/.exec(message.header('Session-Expires') ?? '') ?? []
  const seconds = number === '' ? 0 : expiresSeconds(number)
  if (number === '' || seconds > longestSession) return undefined
  const [, refresher] = /;\s*refresher\s*=\s*(ua[cs])\s*(?:;|$)/i.exec(parameters) ?? []
  return { seconds, refresher: refresher?.toLowerCase() as Refresher | undefined }
}

export const formatSessionExpires = ({ seconds, refresher }: SessionExpires): string =>
  refresher === undefined ? String(seconds) : `${seconds};refresher=${refresher}`

/** The shortest that the message allows: 90 s unless it names more (§5). */
export function leastSession(message: Message): number {
  const [number] = /^\d+/.exec(message.header('Min-SE') ?? '') ?? []
  return number === undefined ? shortestSession : Math.max(shortestSession, expiresSeconds(number))
}
