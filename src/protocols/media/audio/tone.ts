/** Tones made and tones measured: what tests and the doctor use to say what was heard. */

/** A sine of `hertz`, `seconds` long, at 8 kHz. */
export const tone = (hertz: number, seconds: number, amplitude = 8000): Int16Array =>
  Int16Array.from({ length: Math.round(seconds * 8000) }, (_, at) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hertz * at) / 8000)),
  )

/** The power of `hertz` in a run of samples, as a share of its whole power: 1 for a pure tone (Goertzel). */
export function toneShare(samples: Int16Array, hertz: number, rate = 8000): number {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / rate)
  let [before, last, energy] = [0, 0, 0]
  for (const sample of samples) {
    const next = sample + factor * last - before
    before = last
    last = next
    energy += sample * sample
  }
  if (energy === 0) return 0
  const power = before * before + last * last - factor * before * last
  return (2 * power) / (energy * samples.length)
}

export type Heard = {
  /** How long the tone was heard in all, from the first to the last time. */
  readonly seconds: number
  /** The longest time in between without it. */
  readonly longestGap: number
  /** When it was heard first, seconds from the start of the samples. */
  readonly from: number
}

/**
 * How a tone was heard in a recording: 20 ms at a time it is there where it has more than half of the power and is
 * louder than a whisper.
 */
export function heard(samples: Int16Array, hertz: number, rate = 8000): Heard {
  const frame = rate / 50
  let [first, last, longestGap] = [-1, -1, 0]
  for (let at = 0; (at + 1) * frame <= samples.length; at += 1) {
    const part = samples.subarray(at * frame, (at + 1) * frame)
    if (!isLoud(part) || toneShare(part, hertz, rate) < 0.5) continue
    if (last >= 0) longestGap = Math.max(longestGap, (at - last - 1) / 50)
    if (first < 0) first = at
    last = at
  }
  return first < 0
    ? { seconds: 0, longestGap: 0, from: 0 }
    : { seconds: (last - first + 1) / 50, longestGap, from: first / 50 }
}

const isLoud = (samples: Int16Array): boolean => {
  let energy = 0
  for (const sample of samples) energy += sample * sample
  return energy / samples.length > 100 * 100
}
