/**
 * Bodies of type application/simple-message-summary (RFC 3842 §5): whether messages wait, where they are heard, and how
 * many there are of each class (RFC 3458, RFC 3938). What follows about single messages is not read: it is private.
 */
import { MalformedMessage } from './errors.ts'
import { decimal, isToken, trimmed } from './scan.ts'

export const summaryType = 'application/simple-message-summary'

const classes = [
  'Voice-Message',
  'Video-Message',
  'Fax-Message',
  'Pager-Message',
  'Multimedia-Message',
  'Text-Message',
  'None',
] as const
type MessageClass = (typeof classes)[number]

export type MessageCounts = {
  readonly class: MessageClass
  readonly new: number
  readonly old: number
  /** How many of these are urgent, where that is told. */
  readonly urgent?: { readonly new: number; readonly old: number }
}

export type MessageSummary = {
  readonly waiting: boolean
  /** The URI under which the messages are heard. */
  readonly account?: string
  /** One of a class at most. */
  readonly counts: readonly MessageCounts[]
}

/** Bytes; several times what all classes need. */
const longest = 2048
const largest = 0xffff_ffff

export const formatMessageSummary = ({ waiting, account, counts }: MessageSummary): string =>
  [
    `Messages-Waiting: ${waiting ? 'yes' : 'no'}`,
    ...(account === undefined ? [] : [`Message-Account: ${account}`]),
    ...counts.map(countsLine),
    '',
  ].join('\r\n')

const countsLine = ({ urgent, ...counts }: MessageCounts): string =>
  `${counts.class}: ${counts.new}/${counts.old}${urgent === undefined ? '' : ` (${urgent.new}/${urgent.old})`}`

/**
 * Lines may end with LF alone, stand in any order and name what we do not know. Throws `MalformedMessage` where one is
 * wrong, is there twice or is missing.
 */
export function parseMessageSummary(body: Buffer): MessageSummary {
  const fields = fieldsOf(linesOf(body))
  const waiting = fields.get('messages-waiting')?.toLowerCase()
  if (waiting !== 'yes' && waiting !== 'no') throw new MalformedMessage('Messages-Waiting does not say yes or no')
  const account = fields.get('message-account')
  const counts = classes.flatMap((name) => {
    const value = fields.get(name.toLowerCase())
    return value === undefined ? [] : [countsOf(name, value)]
  })
  return { waiting: waiting === 'yes', ...(account && { account }), counts }
}

/** Those up to the first empty one. */
function linesOf(body: Buffer): string[] {
  const lines = body.toString('latin1', 0, longest).split(/\r?\n/)
  const end = lines.indexOf('')
  const isCut = body.length > longest && (end < 0 || end === lines.length - 1)
  if (isCut) throw new MalformedMessage(`a message summary has more than ${longest} bytes`)
  return end < 0 ? lines : lines.slice(0, end)
}

/** By their names in lower case. */
function fieldsOf(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trimEnd()
    // One that begins with a space would be more of the line before: nobody writes them so.
    if (!isToken(name)) throw new MalformedMessage('a line of a message summary has no name')
    const key = name.toLowerCase()
    if (fields.has(key)) throw new MalformedMessage(`${name} is there twice`)
    fields.set(key, trimmed(line, colon + 1, line.length))
  }
  return fields
}

/** `2/8 (0/2)`: new and old ones, and how many of each are urgent. */
const form = /^(\d+)[ \t]*\/[ \t]*(\d+)(?:[ \t]*\([ \t]*(\d+)[ \t]*\/[ \t]*(\d+)[ \t]*\))?$/

function countsOf(name: MessageClass, value: string): MessageCounts {
  const found = form.exec(value)
  if (found === null) throw new MalformedMessage(`${name} does not say new/old`)
  const [, fresh = '', old = '', urgentFresh, urgentOld = ''] = found
  const counts = { class: name, new: count(fresh), old: count(old) }
  if (urgentFresh === undefined) return counts
  return { ...counts, urgent: { new: count(urgentFresh), old: count(urgentOld) } }
}

function count(digits: string): number {
  const value = decimal(digits, largest)
  if (Number.isNaN(value)) throw new MalformedMessage(`a count of messages is above ${largest}`)
  return value
}
