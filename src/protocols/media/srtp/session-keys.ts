/** The keys of one direction of an SRTP session, derived from its master key (RFC 3711 §4.3, key derivation rate 0). */
import { createCipheriv } from 'node:crypto'

/** Octets of a master key and of its salt for AES-CM with 128 bits (RFC 3711 §8.2). */
const keyLength = 16
const saltLength = 14
/** Of both, one after the other, as a=crypto carries them (RFC 4568 §6.1). */
export const masterLength = keyLength + saltLength

const authLength = 20
const labels = { encryption: 0, authentication: 1, salt: 2 } as const

export type SessionKeys = { readonly encryption: Buffer; readonly authentication: Buffer; readonly salt: Buffer }

/** `master`: key and salt, `masterLength` octets. */
export function sessionKeys(master: Uint8Array): SessionKeys {
  const key = master.subarray(0, keyLength)
  const derive = (label: number, length: number): Buffer => {
    const start = Buffer.alloc(16)
    start.set(master.subarray(keyLength, masterLength))
    // The label is the first octet of a key_id of 7, which stands at the end of the salt.
    start.writeUInt8(start.readUInt8(saltLength - 7) ^ label, saltLength - 7)
    return createCipheriv('aes-128-ctr', key, start).update(Buffer.alloc(length))
  }
  return {
    encryption: derive(labels.encryption, keyLength),
    authentication: derive(labels.authentication, authLength),
    salt: derive(labels.salt, saltLength),
  }
}
