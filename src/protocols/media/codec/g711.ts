/** G.711 as tables: A-law and µ-law to and from 16-bit linear samples, and from one law to the other. */

export type Law = {
  /** Linear sample of each code. */
  readonly decode: Int16Array
  /** Code of each linear sample, indexed by `(sample + 32768) >> 2`. */
  readonly encode: Uint8Array
  /** The code of silence. */
  readonly silence: number
}

export const muLaw: Law = law(decodeMu, 0xff)
export const aLaw: Law = law(decodeA, 0xd5)

/** The code in the other law that stands for the same sample. */
export const muToA: Uint8Array = muLaw.decode.reduce(toLaw(aLaw), new Uint8Array(256))
export const aToMu: Uint8Array = aLaw.decode.reduce(toLaw(muLaw), new Uint8Array(256))

export function encodeSample(to: Law, sample: number): number {
  return to.encode[(sample + 32_768) >> 2] ?? to.silence
}

/** Decodes `count` codes of `from` at `at` into `into`, from its start. */
export function decodeInto(law: Law, from: Uint8Array, at: number, count: number, into: Int16Array): void {
  const { decode } = law
  for (let i = 0; i < count; i += 1) into[i] = decode[from[at + i] as number] as number
}

export function encodeInto(law: Law, from: Int16Array | Int32Array, into: Uint8Array, at: number, count: number): void {
  const { encode } = law
  for (let i = 0; i < count; i += 1) into[at + i] = encode[((from[i] as number) + 32_768) >> 2] as number
}

function toLaw(other: Law) {
  return (table: Uint8Array, sample: number, code: number) => {
    table[code] = encodeSample(other, sample)
    return table
  }
}

function law(decodeCode: (code: number) => number, silence: number): Law {
  const decode = Int16Array.from({ length: 256 }, (_, code) => decodeCode(code))
  return { decode, encode: encodeTable(decode), silence }
}

/** The nearest code of every sample, in steps of four (µ-law is 14 bits wide). */
function encodeTable(decode: Int16Array): Uint8Array {
  const codes = [...decode.keys()].sort((a, b) => (decode[a] ?? 0) - (decode[b] ?? 0) || a - b)
  const table = new Uint8Array(16_384)
  let at = 0
  for (let index = 0; index < table.length; index += 1) {
    const sample = (index << 2) - 32_768 + 2
    while (at + 1 < codes.length && distance(decode, codes[at + 1], sample) <= distance(decode, codes[at], sample)) {
      at += 1
    }
    table[index] = codes[at] ?? 0
  }
  return table
}

function distance(decode: Int16Array, code: number | undefined, sample: number): number {
  return Math.abs((decode[code ?? 0] ?? 0) - sample)
}

/** G.711 table 2: inverted bits, sign, three bits of segment, four of interval. */
function decodeMu(code: number): number {
  const bits = ~code & 0xff
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84
  return bits & 0x80 ? -magnitude : magnitude
}

/** G.711 table 1: even bits inverted. */
function decodeA(code: number): number {
  const bits = code ^ 0x55
  const segment = (bits & 0x70) >> 4
  const interval = ((bits & 0x0f) << 4) + 8
  const magnitude = segment === 0 ? interval : (interval + 0x100) << (segment - 1)
  return bits & 0x80 ? magnitude : -magnitude
}
