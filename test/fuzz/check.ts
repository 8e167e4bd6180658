/**
 * What holds for any bytes at all. Each check throws where its rule is broken; a `MalformedMessage` is an answer, not a
 * failure.
 */
import assert from 'node:assert/strict'
import { buildSdp } from '#protocols/media/sdp/build-sdp.ts'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import { bodyFault, bodyOf } from '#protocols/sip/core/message-body.ts'
import { readRegister } from '#protocols/sip/core/registrar.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import { edit } from '#protocols/sip/message/edit.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { contactsOf } from '#protocols/sip/message/headers/contact.ts'
import { parseCredentials } from '#protocols/sip/message/headers/digest.ts'
import { formatNameAddr, parseNameAddr } from '#protocols/sip/message/headers/name-addr.ts'
import { rackOf, reliableNumber } from '#protocols/sip/message/headers/rack.ts'
import { parseReplaces } from '#protocols/sip/message/headers/replaces.ts'
import { leastSession, sessionExpiresOf } from '#protocols/sip/message/headers/session-expires.ts'
import { parseURI, sameURI } from '#protocols/sip/message/headers/uri.ts'
import { parseVia } from '#protocols/sip/message/headers/via.ts'
import { defaultLimits } from '#protocols/sip/message/limits.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { partsOf } from '#protocols/sip/message/multipart.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { stampVia } from '#protocols/sip/message/stamp-via.ts'
import { Framer } from '#protocols/sip/transport/framer.ts'
import { answerStun, mayBeStun } from '#protocols/sip/transport/stun.ts'
import { upgrade } from '#protocols/sip/transport/websocket-upgrade.ts'

/** What was read; undefined where it cannot be. */
function read<T>(what: () => T): T | undefined {
  try {
    return what()
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}

const fields = ['Via', 'From', 'To', 'Call-ID', 'Contact', 'Route', 'Record-Route', 'Authorization', 'Subject']
const shape = (message: Message) => [
  message.method,
  message.status,
  message.cseq,
  message.requestURI,
  message.branch,
  message.fromTag,
  message.toTag,
  ...fields.map((name) => message.headers(name)),
  message.body,
]

export function checkBytes(bytes: Buffer): void {
  checkOpenings(bytes)
  const message = read(() => parseMessage(bytes))
  checkDescription(message?.body ?? bytes)
  if (message === undefined) return
  // Round trips: what was read once reads the same again, passed on and answered.
  assert.deepEqual(shape(parseMessage(message.bytes)), shape(message))
  assert.deepEqual(shape(parseMessage(edit(message).finish().bytes)), shape(message))
  const kept = parseMessage(Buffer.from(message.bytes)).shrink()
  assert.deepEqual(shape(kept), shape(message))
  checkFields(message)
  if (message.isRequest) checkAnswer(message)
}

function checkFields(message: Message) {
  read(() => [sessionExpiresOf(message), leastSession(message), rackOf(message), reliableNumber(message)])
  for (const value of message.headers('Replaces')) read(() => parseReplaces(value))
  read(() => [bodyFault(message), bodyOf(message)])
  for (const part of partsOf(message.header('Content-Type') ?? '', message.body) ?? [])
    assert.ok(message.body.includes(part.bytes), 'a part is a piece of its body')
  read(() => contactsOf(message))
  read(() => readRegister(message))
  for (const via of message.headers('Via')) read(() => parseVia(via))
  for (const name of ['WWW-Authenticate', 'Authorization'])
    for (const value of message.headers(name)) read(() => parseCredentials(value))
  for (const name of ['From', 'To', 'Contact', 'Route', 'Refer-To'])
    for (const value of message.headers(name)) {
      const address = read(() => parseNameAddr(value))
      if (address === undefined || address.uri === '*') continue
      const again = read(() => parseNameAddr(formatNameAddr(address)))
      assert.equal(again?.uri, address.uri)
      assert.ok(sameURI(parseURI(address.uri), parseURI(address.uri)), 'a URI is the same as itself')
    }
}

/** A stamped request is the same but for its topmost Via; an answer to it can be read, and found by its sender. */
function checkAnswer(request: Message) {
  const stamped = read(() => stampVia(request, { host: '192.0.2.99', port: 5099 }))
  if (stamped === undefined) return
  const again = parseMessage(stamped.bytes)
  assert.deepEqual(shape(again).slice(5), shape(stamped).slice(5))
  assert.equal(again.branch, request.branch)
  const answer = parseMessage(buildResponse(again, 200, { toTag: 'ours' }).bytes)
  assert.equal(answer.branch, request.branch)
  assert.equal(answer.callID, request.callID)
}

function checkDescription(body: Buffer) {
  const description = parseSdp(body)
  if ('error' in description) return
  const again = parseSdp(buildSdp(description))
  assert.deepEqual(again, description)
}

/** What is at a port of SIP before it is known to be SIP: STUN, the HTTP that opens a WebSocket. */
function checkOpenings(bytes: Buffer) {
  if (mayBeStun(bytes)) answerStun(bytes, { host: '2001:db8::1', port: 5060 })
  const stun = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), bytes.subarray(0, 12)])
  if (mayBeStun(stun)) assert.equal(answerStun(stun, { host: '192.0.2.1', port: 5060 })?.length, 32)
  const { taken, answer } = upgrade(bytes.toString('latin1', 0, 8192))
  assert.ok(!taken && /^HTTP\/1\.1 4/.test(answer))
}

/** However a stream is cut, the same messages come out of it. */
export function checkStream(bytes: Buffer, cuts: readonly number[]): void {
  assert.deepEqual(framed(bytes, cuts), framed(bytes, []))
}

function framed(bytes: Buffer, cuts: readonly number[]): string[] {
  const framer = new Framer(defaultLimits)
  const out: string[] = []
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((one, other) => one - other)
  let from = 0
  const whole = read(() => {
    for (const to of ends) {
      framer.push(
        bytes.subarray(from, to),
        (message) => out.push(message.toString('latin1')),
        () => out.push('ping'),
      )
      from = to
    }
    return true
  })
  if (whole === undefined) out.push('broken')
  return out
}
