/** The SIP messages of a call as text, laid out as sngrep saves them: a line with time and ends, the message, a blank line. */
import { timestamp } from '../time.ts'
import type { TraceItem } from './trace.ts'

export const messagesText = (items: readonly TraceItem[]): string =>
  items
    .filter(({ kind }) => kind === 'sip')
    .map((item) => `${head(item)}\n${item.text.replaceAll('\r\n', '\n').trimEnd()}\n\n`)
    .join('\n')

/** `2026/11/28 09:05:00.123000 192.0.2.7:5060 -> 192.0.2.1:5060`, UTC; who has no address is named. */
function head({ at, from, to, fromAddress, toAddress }: TraceItem): string {
  const [date = '', time = ''] = timestamp(at).split(/[TZ]/)
  return `${date.replaceAll('-', '/')} ${time}000 ${fromAddress ?? from} -> ${toAddress ?? to}`
}
