/** Carries one WebSocket (one JSON object a text message) to a T-Library port over TCP and back, byte for byte. */
import type { Address, Runtime } from '#platform/runtime/runtime.ts'
import { frameOf, frameReader, longestFrame } from './frames.ts'

/** The WebSocket as its owner gives it. */
export interface TextSocket {
  /** Bytes not yet taken by the network. */
  readonly queued: number
  send(text: string): void
  close(reason: string): void
}

/** A client that reads nothing is cut off beyond this: it comes back and gets a snapshot. */
const mostQueued = 8 * 1024 * 1024

/** Connects; what is given back takes the messages of the socket and its end. Throws `ConnectFailed`. */
export async function relay(runtime: Runtime, port: Address, socket: TextSocket) {
  const connection = await runtime.net.connect(port)
  const read = frameReader((text) => {
    if (socket.queued <= mostQueued) return socket.send(text)
    connection.destroy()
    socket.close('the client is too slow')
  })
  connection.receive(
    (bytes) => {
      if (!read(bytes)) connection.destroy()
    },
    () => socket.close('the node closed the connection'),
  )
  return {
    message(text: string) {
      if (text.length > longestFrame) return socket.close('the message is too long')
      connection.write(frameOf(text))
    },
    closed: () => connection.end(),
  }
}
