/** WAV files of one channel at 8 kHz: linear 16-bit, A-law or µ-law in (RIFF WAVE formats 1, 6, 7), either out. */
import { aLaw, decodeInto, muLaw } from '../codec/g711.ts'

export type WavError = { readonly error: string }
type Format = { tag: number; channels: number; rate: number; bits: number }

/** The samples of a WAV file, or why it is none that we play. */
export function readWav(file: Buffer): Int16Array | WavError {
  if (file.length < 12 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    return { error: 'is no WAV file' }
  }
  let format: Format | undefined
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString('latin1', at, at + 4)
    const length = file.readUInt32LE(at + 4)
    const body = file.subarray(at + 8, at + 8 + length)
    if (id === 'fmt ' && body.length >= 16) format = readFormat(body)
    if (id === 'data') return format ? samples(body, format) : { error: 'has data before its format' }
    at += 8 + length + (length & 1)
  }
  return { error: 'has no data' }
}

function readFormat(chunk: Buffer): Format {
  const tag = chunk.readUInt16LE(0)
  return {
    // WAVE_FORMAT_EXTENSIBLE names the real one in its sub-format.
    tag: tag === 0xfffe && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag,
    channels: chunk.readUInt16LE(2),
    rate: chunk.readUInt32LE(4),
    bits: chunk.readUInt16LE(14),
  }
}

function samples(data: Buffer, { tag, channels, rate, bits }: Format): Int16Array | WavError {
  if (channels !== 1 || rate !== 8000)
    return { error: `has ${channels} channels at ${rate} Hz; 1 at 8000 Hz is played` }
  if (tag === 1 && bits === 16) {
    return Int16Array.from({ length: data.length >> 1 }, (_, at) => data.readInt16LE(at * 2))
  }
  if ((tag === 6 || tag === 7) && bits === 8) {
    const decoded = new Int16Array(data.length)
    decodeInto(tag === 6 ? aLaw : muLaw, data, 0, data.length, decoded)
    return decoded
  }
  return { error: `has format ${tag} with ${bits} bits; linear 16-bit, A-law and µ-law are played` }
}

/** A linear 16-bit file of these samples. */
export function writeWav(samples: Int16Array, rate = 8000): Buffer {
  const data = Buffer.from(Int16Array.from(samples).buffer)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}
