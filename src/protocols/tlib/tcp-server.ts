/** Serves a T-Library port over framed TCP. */
import type { Address, Connection, Listener, Runtime } from '#platform/runtime/runtime.ts'
import { frameReader } from './frames.ts'
import type { Port, Wire } from './server.ts'

/** Listens at `local`; throws `AddressInUse`. */
export const listenTcp = (runtime: Runtime, local: Address, port: Port): Promise<Listener> =>
  runtime.net.listen(local, (connection) => serve(connection, port))

function serve(connection: Connection, port: Port): void {
  const receiver = port.accept(wireOver(connection))
  if (!receiver) return
  const read = frameReader((text) => receiver.message(parsed(text)))
  connection.receive(
    (bytes) => {
      if (read(bytes)) return
      connection.destroy()
      receiver.closed()
    },
    () => receiver.closed(),
  )
}

const wireOver = (connection: Connection): Wire => ({
  get queued() {
    return connection.queued
  },
  send(published, told) {
    const [head, tail] = published.frame(told)
    connection.write(head)
    connection.write(tail)
  },
  end: () => connection.end(),
})

/** `undefined` for what is no JSON: the port answers that it is no request. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
