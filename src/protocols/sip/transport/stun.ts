/**
 * STUN as a keep-alive over UDP (RFC 5626 §3.5.2, RFC 5389): a Binding request is answered with the address it came
 * from, so that an endpoint sees that its flow lives and when its NAT has given it another address.
 */
import { addressBytes } from '#platform/numeric-address.ts'
import type { Address } from '#platform/runtime/runtime.ts'

const headerLength = 20
const cookieAt = 4
const cookie = 0x2112a442
const bindingRequest = 0x0001
const bindingSuccess = 0x0101
const xorMappedAddress = 0x0020

/** STUN begins with two zero bits (§6), SIP and keep-alives of bytes never with a byte as small. */
export const mayBeStun = (bytes: Buffer): boolean => (bytes[0] ?? 0xff) < 2 && bytes.length >= headerLength

/** The answer; undefined to everything that wants none. */
export function answerStun(bytes: Buffer, { host, port }: Address): Buffer | undefined {
  if (bytes.readUInt16BE(0) !== bindingRequest || bytes.readUInt32BE(cookieAt) !== cookie) return undefined
  // §7.3: what the header says is what came.
  if (bytes.readUInt16BE(2) !== bytes.length - headerLength) return undefined
  const address = addressBytes(host)
  const answer = Buffer.alloc(headerLength + 8 + address.length)
  answer.writeUInt16BE(bindingSuccess, 0)
  answer.writeUInt16BE(8 + address.length, 2)
  bytes.copy(answer, cookieAt, cookieAt, headerLength)
  answer.writeUInt16BE(xorMappedAddress, 20)
  answer.writeUInt16BE(4 + address.length, 22)
  answer.writeUInt8(address.length === 4 ? 1 : 2, 25)
  answer.writeUInt16BE(port ^ (cookie >>> 16), 26)
  // §15.2: with the cookie, and for IPv6 the transaction id behind it.
  for (const [index, byte] of address.entries()) answer[28 + index] = byte ^ (answer[cookieAt + index] ?? 0)
  return answer
}
