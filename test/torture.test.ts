// The torture messages of RFC 4475 and RFC 5118: one table of who objects to which, and what the sender hears.
import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { filesOf, hasSuite, readSuite } from './rig/test-data.ts'
import { TortureLine, type Verdict } from './rig/torture-line.ts'

type Table = Readonly<Record<string, Verdict>>

const rfc4475: Table = {
  // §3.1.1: valid, though it does not look so.
  wsinv: ['user agent', 481], // it is in a dialog, by its To tag
  intmeth: ['user agent', 501],
  esc01: ['nobody', 0],
  escnull: ['nobody', 0],
  esc02: ['user agent', 501],
  lwsdisp: ['nobody', 0],
  longreq: ['nobody', 0],
  dblreq: ['nobody', 0], // the REGISTER; what follows it in the datagram is left out (RFC 3261 §18.3)
  semiuri: ['nobody', 0],
  transports: ['nobody', 0],
  mpart01: ['user agent', 405],
  unreason: ['proxy', 0], // a response to nothing we sent
  noreason: ['proxy', 0],
  // §3.1.2: invalid.
  badinv01: ['nobody', 0], // what stands behind the sent-by of its Via and behind its Contact says nothing
  clerr: ['parser', 400],
  ncl: ['parser', 400],
  scalar02: ['parser', 400],
  scalarlg: ['parser', 0],
  quotbal: ['user agent', 400],
  ltgtruri: ['parser', 400],
  lwsruri: ['parser', 400],
  lwsstart: ['parser', 400],
  trws: ['parser', 400],
  escruri: ['parser', 400],
  baddate: ['nobody', 0], // nobody asks for the Date
  regbadct: ['proxy', 400],
  badaspec: ['nobody', 0], // nobody asks for the URI in To
  baddn: ['proxy', 400],
  badvers: ['parser', 505],
  mismatch01: ['parser', 400],
  mismatch02: ['parser', 400],
  bigcode: ['parser', 0],
  // §3.2: transactions.
  badbranch: ['nobody', 0], // told apart as those of RFC 2543 are
  // §3.3: what an application has to do with.
  insuf: ['parser', 0], // without From, To and Call-ID there is nothing to answer with
  unkscm: ['proxy', 416],
  novelsc: ['proxy', 416],
  unksm2: ['proxy', 404],
  bext01: ['proxy', 420],
  invut: ['nobody', 0], // 415 is for whoever reads the body
  regaut01: ['nobody', 0], // as is the challenge
  multi01: ['parser', 400],
  mcl01: ['parser', 400],
  bcast: ['proxy', 0],
  zeromf: ['proxy', 483],
  cparam01: ['nobody', 0],
  cparam02: ['nobody', 0],
  regescrt: ['nobody', 0],
  sdp01: ['nobody', 0],
  // §3.4: RFC 2543. It is read; but without a Contact there is nobody to call back.
  inv2543: ['user agent', 400],
  // Comes with the messages and is in no section.
  test: ['parser', 0],
}

const rfc5118: Table = {
  'ipv6-good': ['nobody', 0],
  'ipv6-bad': ['proxy', 400],
  'port-ambiguous': ['nobody', 0], // an address of which 5070 is the last part, and no port
  'port-unambiguous': ['nobody', 0],
  'via-received-param-with-delim': ['user agent', 481], // a BYE of no call
  'via-received-param-no-delim': ['nobody', 0],
  'ipv6-in-sdp': ['parser', 400], // its Content-Length is 17 more than there is
  'mult-ip-in-header': ['user agent', 481],
  'mult-ip-in-sdp': ['nobody', 0],
  'ipv4-mapped-ipv6': ['nobody', 0],
  'ipv6-bug-abnf-3-colons': ['proxy', 400],
  'ipv6-correct-abnf-2-colons': ['nobody', 0],
}

/** As RFC 3261 ends lines: the files of RFC 5118 have lost their CRs, and some of either RFC the last line end. */
function onTheWire(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  const lines = text.includes('\r\n') ? text : text.trimEnd().replaceAll('\n', '\r\n').concat('\r\n')
  return Buffer.from(lines.includes('\r\n\r\n') ? lines : `${lines}\r\n`, 'latin1')
}

describe.each([
  ['rfc4475', rfc4475],
  ['rfc5118', rfc5118],
])('%s', (suite, table) => {
  it.runIf(hasSuite(suite))('gives each message its verdict, and nothing is left of it', async () => {
    const verdicts: Record<string, Verdict> = {}

    for (const file of filesOf(suite).filter((name) => !/LICENSE|SOURCE/.test(name))) {
      const line = await TortureLine.open()
      verdicts[file.replace('.dat', '')] = await line.verdict(onTheWire(readSuite(suite, file)))
      expect(await line.remains(), file).toEqual({ sessions: 0, dialogs: 0, requests: 0, client: 0, server: 0 })
    }

    expect(verdicts).toEqual(table)
  })
})

describe.runIf(hasSuite('rfc5118'))('session descriptions of RFC 5118', () => {
  it.each([
    ['mult-ip-in-sdp', ['192.0.2.1', '2001:db8::1']],
    ['ipv4-mapped-ipv6', ['::ffff:192.0.2.2', '::ffff:192.0.2.2']],
  ])('%s: names an address for each medium, of either family', (file, addresses) => {
    const description = parseSdp(parseMessage(onTheWire(readSuite('rfc5118', file))).body)

    expect('media' in description && description.media.map(({ address }) => address)).toEqual(addresses)
  })
})
