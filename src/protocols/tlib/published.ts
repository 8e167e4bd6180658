/** An event on its way to many clients: encoded once, each client's own numbers go in front. */
import type { Event } from './events.ts'

/** What differs from client to client. */
export type Told = {
  readonly seq: number
  readonly refID?: number | undefined
  readonly position?: number | undefined
}
/** An event as the frame for one client carries it. */
export type ReceivedEvent = Event & Partial<Told>
export const receivedEvent = (event: Event, { seq, refID, position }: Told): ReceivedEvent => ({
  ...event,
  ...(seq > 0 && { seq }),
  ...(refID !== undefined && { refID }),
  ...(position !== undefined && { position }),
})

export class Published {
  private parsed: Event | undefined
  private encoded: Buffer | undefined
  /** The JSON text without its opening brace. */
  private tail: Buffer | undefined

  constructor(event?: Event) {
    this.parsed = event
  }

  /** One that was encoded before, e.g. a record of a spool. */
  static read(bytes: Buffer): Published {
    const published = new Published()
    published.encoded = bytes
    return published
  }

  get event(): Event {
    this.parsed ??= JSON.parse(this.bytes.toString()) as Event
    return this.parsed
  }

  /** The JSON text; must not be changed. */
  get bytes(): Buffer {
    this.encoded ??= Buffer.from(JSON.stringify(this.parsed))
    return this.encoded
  }

  /** The frame for one client in two parts, the second shared by all of them. */
  frame(told: Told): [head: Buffer, tail: Buffer] {
    this.tail ??= this.bytes.subarray(1)
    const start = headOf(told)
    const head = Buffer.allocUnsafe(4 + start.length)
    head.writeUInt32BE(start.length + this.tail.length, 0)
    head.write(start, 4, 'latin1')
    return [head, this.tail]
  }
}

function headOf({ seq, refID, position }: Told): string {
  let head = `{"seq":${seq},`
  if (refID !== undefined) head += `"refID":${refID},`
  if (position !== undefined) head += `"position":${position},`
  return head
}

/** Their JSON texts as one array: a batch for whoever reads it elsewhere. */
export function arrayOf(all: readonly Published[]): Uint8Array {
  const length = all.reduce((sum, { bytes }) => sum + bytes.length + 1, 1)
  // Memory of its own: who sends a piece of a pool to another thread sends the pool.
  const array = Buffer.allocUnsafeSlow(Math.max(2, length))
  let at = array.write('[')
  for (const { bytes } of all) {
    at += bytes.copy(array, at)
    array[at++] = comma
  }
  array.write(']', array.length - 1)
  return array
}

const comma = 0x2c
