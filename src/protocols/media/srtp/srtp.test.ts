import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerLength, writeHeader } from '../rtp/rtp-packet.ts'
import { sessionKeys } from './session-keys.ts'
import { SrtpReceiver, SrtpSender } from './srtp.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const key = { suite: 'AES_CM_128_HMAC_SHA1_80', master: Buffer.alloc(30, 7) } as const

function packet(sequence: number, payload = 'hello', ssrc = 0xcafe): Buffer {
  const bytes = Buffer.alloc(headerLength + payload.length)
  writeHeader(bytes, 0, false, sequence, 160 * sequence, ssrc)
  bytes.write(payload, headerLength, 'latin1')
  return bytes
}
const protectedBy = (sender: SrtpSender, sequence: number, payload?: string, ssrc?: number): Buffer =>
  Buffer.from(sender.protect(packet(sequence, payload, ssrc)))
const payloadOf = (bytes: Buffer, length: number): string => bytes.toString('latin1', headerLength, length)

describe('key derivation (RFC 3711 B.3)', () => {
  it('gives the keys of the test vector', () => {
    const master = hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6')
    const keys = sessionKeys(master)

    expect(keys.encryption).toEqual(hex('C61E7A93744F39EE10734AFE3FF7A087'))
    expect(keys.salt).toEqual(hex('30CBBC08863D8C85D49DB34A9AE1'))
    expect(keys.authentication).toEqual(hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'))
  })
})

describe('a protected packet', () => {
  // libsrtp's srtp_validate: key, salt, packet and result are published with it.
  const master = hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6')
  const plain = hex('800F1234 DECAFBAD CAFEBABE ABABABAB ABABABAB ABABABAB ABABABAB')
  const cipher = hex('800F1234 DECAFBAD CAFEBABE 4E55DC4C E79978D8 8CA4D215 949D2402 B78D6ACC 99EA179B 8DBB')

  it('is that of the known answer', () => {
    expect(new SrtpSender({ suite: key.suite, master }).protect(plain)).toEqual(cipher)
  })

  it('is read again', () => {
    const bytes = Buffer.from(cipher)
    const length = new SrtpReceiver({ suite: key.suite, master }).read(bytes)

    expect(bytes.subarray(0, length)).toEqual(plain)
  })

  it.each([
    ['AES_CM_128_HMAC_SHA1_80', 10],
    ['AES_CM_128_HMAC_SHA1_32', 4],
  ] as const)('of %s is %d octets longer', (suite, tag) => {
    const { length } = packet(1)

    expect(new SrtpSender({ ...key, suite }).protect(packet(1))).toHaveLength(length + tag)
  })

  it('says nothing of its payload', () => {
    const bytes = protectedBy(new SrtpSender(key), 1, 'a'.repeat(160))

    expect(bytes.includes('aaaa')).toBe(false)
  })

  it('keeps its header, CSRCs and extension readable, and is read with them', () => {
    const header = hex('91000001 00000000 00000001 00000002 BEDE0001 10FF0000')
    const bytes = Buffer.from(new SrtpSender(key).protect(Buffer.concat([header, Buffer.from('hello')])))

    expect(bytes.subarray(0, header.length)).toEqual(header)
    expect(new SrtpReceiver(key).read(bytes)).toBe(header.length + 5)
    expect(bytes.toString('latin1', header.length, header.length + 5)).toBe('hello')
  })
})

describe('a sender', () => {
  /** The keystream itself: what protects nothing but zeros. */
  const keystream = (sender: SrtpSender, sequence: number) =>
    protectedBy(sender, sequence & 0xffff, '\0'.repeat(16)).toString('latin1', headerLength, headerLength + 16)

  it('uses no keystream twice, however far its numbers go at once (RFC 3711 §9.1)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x7fff }),
        fc.array(fc.integer({ min: 1, max: 64_000 }), { minLength: 200, maxLength: 200 }),
        (first, steps) => {
          const sender = new SrtpSender(key)
          let at = first
          const used = steps.map((step) => {
            at += step
            return keystream(sender, at)
          })
          return new Set(used).size === used.length
        },
      ),
      { numRuns: 30 },
    )
  })

  it('protects a late packet as the one that it is', () => {
    const inOrder = new SrtpSender(key)
    const late = new SrtpSender(key)
    const numbers = [65_534, 65_535, 65_536, 65_537]
    const one = numbers.map((number) => keystream(inOrder, number))
    const other = [65_534, 65_536, 65_535, 65_537].map((number) => keystream(late, number))

    expect([other[0], other[2], other[1], other[3]]).toEqual(one)
  })
})

describe('a receiver', () => {
  it('reads a stream over rollovers of the sequence number, some packets lost and some late', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x7fff }),
        fc.array(fc.integer({ min: 1, max: 16_000 }), { minLength: 200, maxLength: 200 }),
        (first, steps) => {
          const sender = new SrtpSender(key)
          const receiver = new SrtpReceiver(key)
          const sent: Buffer[] = []
          let at = first
          for (const step of steps) {
            sent.push(protectedBy(sender, at & 0xffff, `packet ${at}`))
            at += step
          }
          // Each pair the other way round.
          for (let i = 0; i + 1 < sent.length; i += 2)
            [sent[i], sent[i + 1]] = [sent[i + 1] as Buffer, sent[i] as Buffer]
          const isLate = (i: number) => i % 2 === 1
          return sent.every((bytes, i) => {
            const length = receiver.read(bytes)
            return length > 0 ? payloadOf(bytes, length).startsWith('packet ') : isLate(i) || i === 0
          })
        },
      ),
      { numRuns: 30 },
    )
  })

  it('takes a packet once, a late one too', () => {
    const sender = new SrtpSender(key)
    const receiver = new SrtpReceiver(key)
    const [first, second] = [protectedBy(sender, 1), protectedBy(sender, 2)]
    const copies = [Buffer.from(first), Buffer.from(second)]

    expect([receiver.read(second), receiver.read(first)]).toEqual([17, 17])
    expect(copies.map((copy) => receiver.read(copy))).toEqual([-1, -1])
  })

  it('refuses what is older than its window', () => {
    const sender = new SrtpSender(key)
    const receiver = new SrtpReceiver(key)
    const old = protectedBy(sender, 1)
    receiver.read(protectedBy(sender, 200))

    expect(receiver.read(old)).toBe(-1)
  })

  it('refuses a packet with any octet changed, and reads the true one afterwards', () => {
    fc.assert(
      fc.property(fc.nat(26), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const receiver = new SrtpReceiver(key)
        const bytes = protectedBy(new SrtpSender(key), 5)
        const forged = Buffer.from(bytes)
        forged[at] = (forged[at] as number) ^ change
        return receiver.read(forged) === -1 && receiver.read(bytes) === 17
      }),
    )
  })

  it('refuses whoever has another key', () => {
    const other = { ...key, master: Buffer.alloc(30, 8) }

    expect(new SrtpReceiver(key).read(protectedBy(new SrtpSender(other), 1))).toBe(-1)
  })

  it('takes any octets, and gives -1 for what is no packet of his', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => new SrtpReceiver(key).read(Buffer.from(bytes)) === -1),
    )
  })

  it('goes on with a new SSRC, and knows the old one still', () => {
    const receiver = new SrtpReceiver(key)
    const old = protectedBy(new SrtpSender(key), 1, 'old', 1)
    const again = Buffer.from(old)

    expect(receiver.read(old)).toBe(15)
    expect(receiver.read(protectedBy(new SrtpSender(key), 1, 'new', 2))).toBe(15)
    expect(receiver.read(again)).toBe(-1)
  })

  it('goes on however often the SSRC changes', () => {
    const receiver = new SrtpReceiver(key)
    const lengths = Array.from({ length: 100 }, (_, at) => receiver.read(protectedBy(new SrtpSender(key), 1, 'x', at)))

    expect(new Set(lengths)).toEqual(new Set([13]))
  })
})
