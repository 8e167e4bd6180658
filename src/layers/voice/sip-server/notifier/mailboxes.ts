/**
 * The messages that wait for DNs (RFC 3842). Whoever stores them, a voicemail server outside, tells one node; every node
 * keeps a copy, so that a phone may ask any, and a node that starts hears it from the others. What was told last counts.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '#platform/runtime/runtime.ts'
import type { MessageSummary } from '#protocols/sip/message/message-summary.ts'

export type Mailbox = {
  readonly dn: string
  readonly summary: MessageSummary
  /** When it was told: ms of the wall clock, or more where something later than that is known already. */
  readonly order: number
  /** The node that was told. */
  readonly by: string
}

export type MailboxesOptions = {
  readonly clock: Clock
  readonly node: string
  readonly isDN: (number: string) => boolean
  /** Tells all other nodes. */
  readonly broadcast: (mailboxes: readonly Mailbox[]) => void
  readonly changed: (dn: string) => void
}

export class Mailboxes {
  private readonly options: MailboxesOptions
  private readonly known = new Map<string, Mailbox>()

  constructor(options: MailboxesOptions) {
    this.options = options
  }

  /** Nothing waits for a DN of which nothing has been told. */
  summary(dn: string): MessageSummary {
    return this.known.get(dn)?.summary ?? empty
  }

  all(): Mailbox[] {
    return [...this.known.values()]
  }

  /** How the mailbox of a DN of ours is now. */
  told(dn: string, summary: MessageSummary): void {
    const { clock, node, broadcast } = this.options
    const order = Math.max(clock.wall(), (this.known.get(dn)?.order ?? 0) + 1)
    const mailbox = { dn, summary, order, by: node }
    this.keep(mailbox)
    broadcast([mailbox])
  }

  /** What another node was told, now or before its link to this one; it may not know yet which DNs are gone. */
  heard(mailboxes: readonly Mailbox[]): void {
    for (const mailbox of mailboxes) {
      const { dn } = mailbox
      if (this.options.isDN(dn) && isLater(mailbox, this.known.get(dn))) this.keep(mailbox)
    }
  }

  /** The configuration has changed: what is of no DN any more goes. */
  sweep(): void {
    const { isDN, changed } = this.options
    for (const dn of [...this.known.keys()]) {
      if (isDN(dn)) continue
      this.known.delete(dn)
      changed(dn)
    }
  }

  private keep(mailbox: Mailbox): void {
    const { dn, summary } = mailbox
    const before = this.summary(dn)
    this.known.set(dn, mailbox)
    if (!isDeepStrictEqual(summary, before)) this.options.changed(dn)
  }
}

const empty: MessageSummary = { waiting: false, counts: [] }

/** All nodes agree which of two counts, in whatever order they hear of them. */
const isLater = ({ order, by }: Mailbox, known: Mailbox | undefined): boolean =>
  known === undefined || order > known.order || (order === known.order && by > known.by)
