/**
 * AES in counter mode and HMAC-SHA1 over packets in place (RFC 3711 §4.1.1, §4.2.1). One cipher object lives as long as
 * the session: AES-ECB over the counter blocks is the keystream, and costs a fifth of a cipher for each packet.
 */
import { type Cipher, createCipheriv, createHmac } from 'node:crypto'
import { sessionKeys } from './session-keys.ts'

/** Octets of the authentication tag at the end of each packet (RFC 4568 §6.2). */
export const tagLengths = { AES_CM_128_HMAC_SHA1_80: 10, AES_CM_128_HMAC_SHA1_32: 4 } as const
export type Suite = keyof typeof tagLengths

const block = 16
/** What fits into a datagram that is not fragmented. */
export const largestPacket = 1500

export class Transform {
  private readonly cipher: Cipher
  private readonly salt: Buffer
  private readonly authentication: Buffer
  private readonly counters = Buffer.alloc(Math.ceil(largestPacket / block) * block)
  private readonly rollover = Buffer.alloc(4)

  constructor(master: Uint8Array) {
    const { encryption, authentication, salt } = sessionKeys(master)
    this.cipher = createCipheriv('aes-128-ecb', encryption, null).setAutoPadding(false)
    this.salt = salt
    this.authentication = authentication
    for (let at = 0; at < this.counters.length; at += block) this.counters.writeUInt16BE(at / block, at + 14)
  }

  /** Encrypts or decrypts `packet` from `start` to `end`, that of `index` (ROC and sequence number) from `ssrc`. */
  crypt(packet: Buffer, start: number, end: number, ssrc: number, index: number): void {
    const length = Math.ceil((end - start) / block) * block
    this.count(length, ssrc, index)
    const stream = this.cipher.update(this.counters.subarray(0, length))
    for (let at = start; at < end; at++) packet[at] = (packet[at] as number) ^ (stream[at - start] as number)
  }

  /** HMAC-SHA1 of the first `length` octets with the rollover counter; its first octets are the tag. */
  authenticate(packet: Buffer, length: number, rollover: number): Buffer {
    this.rollover.writeUInt32BE(rollover)
    return createHmac('sha1', this.authentication).update(packet.subarray(0, length)).update(this.rollover).digest()
  }

  /** §4.1.1: IV = (salt · 2^16) ⊕ (SSRC · 2^64) ⊕ (index · 2^16); its last two octets count the blocks. */
  private count(length: number, ssrc: number, index: number): void {
    const { counters, salt } = this
    salt.copy(counters)
    counters.writeUInt32BE((counters.readUInt32BE(4) ^ ssrc) >>> 0, 4)
    const high = Math.floor(index / 0x1_0000_0000)
    counters.writeUInt16BE(counters.readUInt16BE(8) ^ high, 8)
    counters.writeUInt32BE((counters.readUInt32BE(10) ^ (index % 0x1_0000_0000)) >>> 0, 10)
    for (let at = block; at < length; at += block) counters.copyWithin(at, 0, 14)
  }
}
