/**
 * NOTIFY outside dialogs (RFC 3842): a voicemail server that the configuration names as such, by its trunk, tells unasked
 * of the messages that wait for a DN of ours. From anybody else, and of anything else, it is refused.
 */
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { rewritten } from '#protocols/model/trunk.ts'
import { eventOf } from '#protocols/sip/core/notifier.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { type MessageSummary, parseMessageSummary, summaryType } from '#protocols/sip/message/message-summary.ts'
import { own } from '#protocols/sip/message/scan.ts'
import { trunkOf } from '../../model/source-field.ts'
import type { Answer } from '../sip/registrar.ts'
import { dialled } from './inwards.ts'

export type VoicemailOptions = {
  readonly configuration: () => Configuration
  readonly uriOf: (number: string) => string
  readonly told: (dn: string, summary: MessageSummary) => void
}

export function notified(request: Message, { configuration, uriOf, told }: VoicemailOptions): Answer {
  // RFC 6665 §4.1.3: nobody here has subscribed to anything.
  if (eventOf(request).name !== 'message-summary') return { status: 481 }
  const current = configuration()
  const trunk = current.trunk(trunkOf(request) ?? '')
  if (trunk === undefined || !trunk.voicemail) return { status: 403, reason: 'Not a Voicemail Server' }
  if (request.contentType !== summaryType || isEncoded(request))
    return { status: 415, fields: [['Accept', summaryType]] }
  try {
    const dn = own(dialled(request, trunk))
    const { account, ...summary } = parseMessageSummary(request.body)
    if (current.dn(dn) === undefined) return { status: 404, reason: 'No Such Mailbox' }
    const number = account === undefined ? undefined : numberIn(account, trunk, current)
    told(dn, number === undefined ? summary : { ...summary, account: uriOf(number) })
    return { status: 200 }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    return { status: error.status, reason: `Bad Request: ${error.message}` }
  }
}

const isEncoded = (request: Message) => (request.header('Content-Encoding') ?? 'identity').toLowerCase() !== 'identity'

/**
 * A phone calls where its messages are said to be: the server's own address would lead it nowhere, a number of it may.
 * No other trunk's, though, as calls may cost there, and who sends is known by address alone. What cannot be read leads
 * nowhere either, and is no reason to tell nothing of the messages.
 */
function numberIn(account: string, trunk: Trunk, configuration: Configuration): string | undefined {
  try {
    const number = rewritten(trunk.rewriteIn, unescapeText(uriIn(account).user))
    const destination = configuration.destination(number)
    const isElsewhere = destination?.kind === 'trunk' && destination.trunk.name !== trunk.name
    return destination === undefined || isElsewhere ? undefined : own(number)
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
