/** WAV files of tones to send, and what was heard: which tone, from when to when, with which gaps. */
import { readFileSync, writeFileSync } from 'node:fs'

const RATE = 8000

/** A mono 16-bit 8 kHz file of one steady tone. */
export function writeTone(path: string, frequency: number, seconds: number): void {
  const samples = Buffer.alloc(seconds * RATE * 2)
  for (let i = 0; i < seconds * RATE; i++) {
    samples.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * frequency * i) / RATE)), i * 2)
  }
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(RATE, 24)
  header.writeUInt32LE(RATE * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.length, 40)
  writeFileSync(path, Buffer.concat([header, samples]))
}

/** The samples of a mono 16-bit file, even one whose program was killed before it wrote the length. */
export function readSamples(path: string): Int16Array {
  const file = readFileSync(path)
  const data = file.indexOf('data', 12, 'latin1') + 8
  const count = (file.length - data) >> 1
  return Int16Array.from({ length: count }, (_, i) => file.readInt16LE(data + i * 2))
}

/** The share of a frame's energy at one frequency, 0–1 (Goertzel). */
function share(frame: Int16Array, frequency: number): number {
  const k = 2 * Math.cos((2 * Math.PI * frequency) / RATE)
  let s1 = 0
  let s2 = 0
  let energy = 0
  for (const x of frame) {
    const s = x + k * s1 - s2
    s2 = s1
    s1 = s
    energy += x * x
  }
  if (energy < frame.length * 100) return 0
  return (2 * (s1 * s1 + s2 * s2 - k * s1 * s2)) / (frame.length * energy)
}

export type Heard = {
  /** Seconds of the tone in all. */
  seconds: number
  /** Seconds from the first to the last frame of the tone. */
  span: number
  /** The longest silence or other sound between two frames of the tone, ms. */
  longestGap: number
  /** Where the tone began in the file, seconds. */
  start: number
}

/** What of one tone stands in the samples, looked at in frames of 20 ms; `skip` seconds of its start are not judged for gaps. */
export function heard(samples: Int16Array, frequency: number, skip = 1): Heard {
  const size = RATE / 50
  const frames = Array.from(
    { length: Math.floor(samples.length / size) },
    (_, i) => share(samples.subarray(i * size, (i + 1) * size), frequency) > 0.6,
  )
  const first = frames.indexOf(true)
  const last = frames.lastIndexOf(true)
  if (first < 0) return { seconds: 0, span: 0, longestGap: Number.POSITIVE_INFINITY, start: -1 }
  let longest = 0
  let gap = 0
  for (let i = first + skip * 50; i <= last; i++) {
    gap = frames[i] ? 0 : gap + 1
    longest = Math.max(longest, gap)
  }
  return {
    seconds: frames.filter(Boolean).length / 50,
    span: (last - first + 1) / 50,
    longestGap: longest * 20,
    start: first / 50,
  }
}
