/** An event on its way to many clients: encoded once, each client's own numbers go in front. */
import type { Event } from './events.ts'

/** What differs from client to client. */
export type Told = { readonly seq: number; readonly refID?: number; readonly position?: number }

export class Published {
  readonly event: Event
  /** The JSON text without its opening brace. */
  private tail: Buffer | undefined

  constructor(event: Event) {
    this.event = event
  }

  /** The frame for one client in two parts, the second shared by all of them. */
  frame(told: Told): [head: Buffer, tail: Buffer] {
    const tail = this.encoded()
    const start = headOf(told)
    const head = Buffer.allocUnsafe(4 + start.length)
    head.writeUInt32BE(start.length + tail.length, 0)
    head.write(start, 4, 'latin1')
    return [head, tail]
  }

  private encoded(): Buffer {
    this.tail ??= Buffer.from(JSON.stringify(this.event).slice(1))
    return this.tail
  }
}

function headOf({ seq, refID, position }: Told): string {
  let head = `{"seq":${seq},`
  if (refID !== undefined) head += `"refID":${refID},`
  if (position !== undefined) head += `"position":${position},`
  return head
}
