/** Messages with something wrong: a few small changes to a real one, as attackers and broken stacks make them. */
import type { Stream } from '#simulation/stream.ts'

/** What has broken parsers before: ends of lines and strings, delimiters, numbers at their limits, names that nest. */
const poison = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\0',
    '%00',
    '%',
    '\\',
    '"',
    '<',
    '>',
    ';',
    ',',
    ':',
    '?',
    '@',
    '=',
    '[',
    ']',
    '*',
  ],
  ...[
    '-1',
    '0',
    '4294967295',
    '4294967296',
    '2147483648',
    '99999999999999999999',
    '1e9',
    '0x10',
    '+1',
    ' ',
    '\t',
    '\r\n ',
  ],
  ...['\xff\xfe', '\xc3\x28', '\xe2\x82', 'SIP/2.0', 'sip:', 'tel:', '__proto__', ';lr', ';tag=', ';branch=z9hG4bK'],
  ...[
    'Content-Length: 5\r\n',
    'l: -1\r\n',
    'Via: \r\n',
    'To: <sip:x>\r\n',
    'Contact: *\r\n',
    'Route: <sip:[::1];lr>\r\n',
  ],
  ...['m=audio 1 RTP/AVP 0\r\n', 'c=IN IP6 ::1\r\n', 'a=rtpmap:0 X/0\r\n', 'v=0\r\n'],
]

type Change = (text: string, random: Stream, others: readonly string[]) => string

const at = (text: string, random: Stream) => random.below(text.length + 1)
const put = (text: string, from: number, to: number, what: string) => text.slice(0, from) + what + text.slice(to)

/** From somewhere to not far behind it. */
function range(text: string, random: Stream, most: number): [from: number, to: number] {
  const from = at(text, random)
  return [from, Math.min(text.length, from + 1 + random.below(most))]
}

function swappedLines(text: string, random: Stream): string {
  const lines = text.split('\r\n')
  const one = random.below(lines.length)
  const other = random.below(lines.length)
  return lines.map((line, index) => (index === one ? lines[other] : index === other ? lines[one] : line)).join('\r\n')
}

const changes: readonly Change[] = [
  (text, random) => put(text, at(text, random), at(text, random), ''),
  (text, random) => text.slice(0, at(text, random)),
  (text, random) => {
    const from = at(text, random)
    return put(text, from, from + random.below(2), random.pick(poison))
  },
  (text, random) => {
    const from = at(text, random)
    return put(text, from, from + 1, String.fromCharCode(random.below(256)))
  },
  (text, random) => {
    const [from, to] = range(text, random, 40)
    return put(text, from, to, '')
  },
  (text, random) => {
    const [from, to] = range(text, random, 80)
    return put(text, to, to, text.slice(from, to).repeat(1 + random.below(random.chance(0.05) ? 300 : 3)))
  },
  swappedLines,
  (text, random) => {
    const lines = text.split('\r\n')
    const line = random.below(lines.length)
    return put(text, 0, 0, `${lines.slice(0, line + 1).join('\r\n')}\r\n`)
  },
  (text, random, others) => text.slice(0, at(text, random)) + random.pick(others).slice(random.below(400)),
  (text, random) => text.replace(/[A-Za-z]/g, (letter) => (random.chance(0.1) ? swappedCase(letter) : letter)),
  (text, random) =>
    text.replace(/\d+/g, (digits) => (random.chance(0.1) ? random.pick(['0', '-1', `${digits}${digits}9`]) : digits)),
]

const swappedCase = (letter: string) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase())

/** One to four changes of one seed. */
export function mutant(random: Stream, seeds: readonly string[]): Buffer {
  let text = random.pick(seeds)
  for (let left = 1 + random.below(4); left > 0; left--) text = random.pick(changes)(text, random, seeds)
  return Buffer.from(text, 'latin1')
}
