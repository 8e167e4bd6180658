/** What carries the frames of a link: a TCP connection, or nothing but the end of the turn (`local-links.ts`). */
import type { Connection } from '../runtime/runtime.ts'
import { FrameReader, writeFrame } from './frames.ts'

export interface Wire {
  /** Bytes not yet taken. */
  readonly queued: number
  /** Whether the peer can fall silent without a word, so that heartbeats are needed. */
  readonly canFallSilent: boolean
  /** Sets the only receivers; `closed` runs once, never synchronously, unless this side closed it. */
  receive(frame: (bytes: Buffer) => void, closed: (reason: string) => void): void
  send(frame: Buffer): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export function tcpWire(connection: Connection): Wire {
  return {
    get queued() {
      return connection.queued
    },
    canFallSilent: true,
    receive(frame, closed) {
      const reader = new FrameReader(frame)
      connection.receive(
        (bytes) => {
          if (reader.push(bytes)) return
          connection.destroy()
          closed('a frame is too long')
        },
        (error) => closed(error?.message ?? 'closed by the peer'),
      )
    },
    send: (frame) => writeFrame(frame, (bytes) => connection.write(bytes)),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  }
}
