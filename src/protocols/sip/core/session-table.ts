/** The sessions of a user agent, by what finds them again (RFC 3261 §12.2.2, §8.2.2.2). */
import type { Message } from '../message/message.ts'
import { CalleeSession } from './callee-session.ts'
import type { DialogSession } from './dialog-session.ts'

export class SessionTable {
  /** By Call-ID and our tag: the dialogs of one INVITE share them. */
  private readonly sessions = new Map<string, DialogSession>()
  /** Those of the other side by what is alike in an INVITE that comes by two ways. */
  private readonly origins = new Map<string, CalleeSession>()

  add(session: DialogSession): void {
    this.sessions.set(`${session.callID} ${session.localTag}`, session)
    if (session instanceof CalleeSession) this.origins.set(session.origin, session)
  }

  remove(session: DialogSession): void {
    this.sessions.delete(`${session.callID} ${session.localTag}`)
    if (session instanceof CalleeSession) this.origins.delete(session.origin)
  }

  /** Whose dialog a request is in, by Call-ID and To tag. */
  of(request: Message): DialogSession | undefined {
    return this.sessions.get(`${request.callID} ${request.toTag}`)
  }

  ofOrigin(origin: string): CalleeSession | undefined {
    return this.origins.get(origin)
  }

  get size(): number {
    return this.sessions.size
  }

  get dialogs(): number {
    let dialogs = 0
    for (const session of this.sessions.values()) dialogs += session.dialogCount
    return dialogs
  }
}

/** §8.2.2.2: two requests without a To tag that are alike in this are one. */
export const originOf = (request: Message): string =>
  `${request.callID} ${request.fromTag} ${request.cseq} ${request.method}`
