/**
 * Phones that register, at a steady rate whatever the answers: told `Registering`, answers `Registered` when all have been
 * answered or two seconds have passed. One socket stands for all of them. They keep their nonce from one to the next.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { digestOf, secretOf } from '#protocols/sip/core/digest.ts'
import type { Registered, Registering } from '../registrations.ts'

type Phone = {
  readonly number: string
  cseq: number
  nonce: string
  /** Uses of the nonce. */
  count: number
  /** How its REGISTER went out; undefined: none is under way. */
  underWay: 'with credentials' | 'without' | undefined
}

const host = '127.0.0.1'
const realm = 'ringmain'
/** What is not answered by then is lost. */
const lostAfter = 2_000

const phones = new Map<string, Phone>()
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 4 * 1024 * 1024,
  lookup: (name, _options, found) => found(null, name, 4),
})
const listening = once(socket, 'listening')
socket.bind(0, host)
await listening
const { port } = socket.address()
let proxy = 0
/** The Contact of all REGISTERs, if they have one. */
let contact = true
let registered = 0
let refused = 0

function send(phone: Phone, credentials: boolean) {
  phone.cseq += 1
  phone.underWay = credentials ? 'with credentials' : 'without'
  socket.send(Buffer.from(request(phone, credentials ? authorization(phone) : ''), 'latin1'), proxy, host)
}

/** Some 600 bytes, as phones send them. */
const request = ({ number, cseq }: Phone, authorization: string): string =>
  [
    `REGISTER sip:${realm} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:${port};branch=z9hG4bK${number}-${cseq};rport`,
    'Max-Forwards: 70',
    `From: <sip:${number}@${realm}>;tag=${number}`,
    `To: <sip:${number}@${realm}>`,
    `Call-ID: ${number}@phones.example`,
    `CSeq: ${cseq} REGISTER`,
    'User-Agent: Phone of a benchmark 1.0',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, UPDATE, PRACK, INFO',
    'Supported: replaces, timer, path',
    ...(contact ? [`Contact: <sip:${number}@${host}:${port}>`, 'Expires: 3600'] : []),
    `${authorization}Content-Length: 0\r\n\r\n`,
  ].join('\r\n')

function authorization(phone: Phone): string {
  const { number, nonce } = phone
  phone.count += 1
  const nc = phone.count.toString(16).padStart(8, '0')
  const uri = `sip:${realm}`
  const secret = secretOf(number, realm, 'demo', 'MD5')
  const response = digestOf({ secret, method: 'REGISTER', uri, nonce, nc, cnonce: number, qop: 'auth' })
  const fields = `username="${number}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`
  return `Authorization: Digest ${fields}, algorithm=MD5, qop=auth, nc=${nc}, cnonce="${number}"\r\n`
}

socket.on('message', (bytes) => {
  const text = bytes.toString('latin1')
  const phone = phones.get(/^Call-ID: (\d+)@/m.exec(text)?.[1] ?? '')
  const status = text.slice('SIP/2.0 '.length, 'SIP/2.0 200'.length)
  if (phone?.underWay === undefined || status.startsWith('1')) return
  if (status === '401' && phone.underWay === 'without') {
    phone.nonce = /nonce="([^"]*)"/.exec(text)?.[1] ?? ''
    phone.count = 0
    return send(phone, true)
  }
  phone.underWay = undefined
  if (status === '200' && text.includes(`<sip:${phone.number}@${host}:${port}>`)) registered += 1
  else refused += 1
})

/** On an absolute schedule: what a late turn has missed leaves with it. */
async function register({ numbers, times, rate, challenged, ...given }: Registering): Promise<Registered> {
  proxy = given.proxy
  contact = !given.asksOnly
  registered = 0
  refused = 0
  const start = performance.now()
  let late = 0
  for (let sent = 0; sent < times; ) {
    await new Promise((resolve) => void setTimeout(resolve, 1))
    for (const due = ((performance.now() - start) * rate) / 1000; sent < Math.min(due, times); sent++) {
      const number = numbers[sent % numbers.length] ?? ''
      const phone = phones.get(number) ?? { number, cseq: 0, nonce: '', count: 0, underWay: undefined }
      phones.set(number, phone)
      // Its last one is not answered yet: that one is lost, or this load is too much.
      if (phone.underWay !== undefined) late += 1
      send(phone, !challenged)
    }
  }
  const end = performance.now() + lostAfter
  while (registered + refused + late < times && performance.now() < end)
    await new Promise((resolve) => void setTimeout(resolve, 5))
  return { registered, refused, unanswered: times - registered - refused }
}

process.on('message', (told: Registering) => void register(told).then((result) => process.send?.(result)))
process.send?.('ready')
