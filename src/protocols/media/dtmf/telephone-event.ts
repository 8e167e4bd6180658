/** Telephone events for DTMF digits (RFC 4733 §2.3, §3.2), written into and read from RTP payloads in place. */

/** Event code → digit. */
const digits = '0123456789*#ABCD'
export const eventOfDigit = (digit: string): number => digits.indexOf(digit)
export const digitOfEvent = (event: number): string | undefined => digits[event]

export const eventLength = 4

export function writeEvent(packet: Uint8Array, at: number, event: number, end: boolean, duration: number): void {
  packet[at] = event
  // Volume -10 dBm0 (§2.3.4: a digit is nominally -7 to -10).
  packet[at + 1] = (end ? 0x80 : 0) | 10
  packet[at + 2] = (duration >> 8) & 0xff
  packet[at + 3] = duration & 0xff
}

/** A packet that is late by more is none that is late: the stream begins anew. 10 s of timestamps. */
const latest = 80_000
/** The longest a segment of an event lasts: the next one begins there (§2.5.1.3). */
const longestSegment = 0xffff

/**
 * Detects digits in one stream. A digit is told once, when its key is let go: at its first end packet, or, where all
 * three got lost, when the next event begins or none has come for a while. Repeats are known by their timestamp
 * (§2.5.2.2).
 */
export class DigitDetector {
  private current = -1
  private timestamp = -1
  private told = true
  private lastSeen = 0

  /** The payload of one event packet; gives the code of a finished digit, else -1. */
  receive(packet: Uint8Array, at: number, timestamp: number, now: number): number {
    const event = packet[at] as number
    const end = ((packet[at + 1] as number) & 0x80) !== 0
    let finished = -1
    if (timestamp !== this.timestamp) {
      const ahead = (timestamp - this.timestamp) | 0
      if (this.timestamp !== -1 && ahead < 0 && ahead > -latest) return -1
      if (this.told || event !== this.current || ahead !== longestSegment) finished = this.begin(event)
      this.timestamp = timestamp
    }
    this.lastSeen = now
    if (!end || this.told) return finished
    this.told = true
    // Both at once only where the end of the one before and the beginning of this one got lost: the later one counts
    // for its timestamp, the earlier is told first.
    if (finished === -1) return this.current
    this.told = false
    return finished
  }

  /** The code of the digit before, where its end got lost. */
  private begin(event: number): number {
    const finished = this.told ? -1 : this.current
    this.current = event
    // What is no digit (flash, tones) is followed, so that its repeats are known, but never told.
    this.told = event > 15
    return finished
  }

  /** Called now and then: a digit whose end packets got lost, else -1. */
  expire(now: number, silence = 120): number {
    if (this.told || now - this.lastSeen < silence) return -1
    this.told = true
    return this.current
  }

  reset(): void {
    this.current = -1
    this.timestamp = -1
    this.told = true
  }
}
