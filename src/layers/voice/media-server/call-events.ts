/** MSML events to the controller as INFO, one at a time: over UDP two at once could arrive in the other order. */
import { buildMsmlEvent } from '#protocols/media/msml/build-msml.ts'
import { type MsmlEvent, msmlType } from '#protocols/media/msml/msml.ts'
import type { Session } from '#protocols/sip/core/session.ts'

/** More than this waiting means that nobody answers; the newest are left out then. */
const mostWaiting = 100

export class CallEvents {
  private readonly session: Session
  private readonly waiting: MsmlEvent[] = []
  private isSending = false
  private isClosed = false

  constructor(session: Session) {
    this.session = session
  }

  send(event: MsmlEvent): void {
    if (this.isClosed || this.waiting.length >= mostWaiting) return
    this.waiting.push(event)
    if (!this.isSending) this.next()
  }

  close(): void {
    this.isClosed = true
    this.waiting.length = 0
  }

  private next() {
    const event = this.waiting.shift()
    this.isSending = event !== undefined
    if (event === undefined) return
    // Whatever the answer is, the next may go; a dialog that is gone is told to the session's user.
    const body = { type: msmlType, bytes: buildMsmlEvent(event) }
    this.session.request('INFO', () => this.next(), undefined, body)
  }
}
