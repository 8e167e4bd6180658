/** `/tlib/<node>/<module>`: the T-Library ports of the nodes for clients that speak WebSocket. */
import type { WebSocket } from 'ws'
import type { Runtime } from '#platform/runtime/runtime.ts'
import type { PortName } from '#protocols/tlib/location.ts'
import { relay } from '#protocols/tlib/relay.ts'
import { type Access, seesAll } from './access.ts'
import type { Nodes } from './nodes.ts'

export const tlibModules = {
  'session-controller': 'sessionController',
  't-controller': 'tController',
  'interaction-proxy': 'interactionProxy',
} as const satisfies Record<string, PortName>
export type TLibModule = keyof typeof tlibModules

const tokenWithin = 5000
/** Requests that may come while the node is being connected. */
const mostWaiting = 100
/** Close codes: RFC 6455 §7.4.2. */
const codes = { badHello: 4400, unauthorized: 4401, noNode: 4404, closed: 1001 }

export type TLibServices = { readonly runtime: Runtime; readonly access: Access; readonly nodes: Nodes }

/**
 * The first frame carries the token: `{"token"}` alone, or as the attribute of RequestRegisterClient. T-Library knows
 * no agents' rights, so it is for supervisors and administrators.
 */
export function serveTLib(socket: WebSocket, services: TLibServices, node: string, module: TLibModule): void {
  const { clock } = services.runtime
  socket.on('error', () => {})
  const limit = clock.after(tokenWithin, () => socket.close(codes.badHello, 'no token came in time'))
  socket.once('close', () => limit.cancel())
  socket.once('message', (data) => {
    limit.cancel()
    const first = String(data)
    const hello = parsed(first)
    if (!mayEnter(services.access, hello))
      return socket.close(codes.unauthorized, 'supervisors and administrators only')
    const address = services.nodes.named(node)?.entry.tlib[tlibModules[module]]
    if (!address) return socket.close(codes.noNode, `there is no node ${node}`.slice(0, 120))
    const waiting = 'name' in hello ? [withoutToken(hello)] : []
    carry(socket, waiting, relay(services.runtime, address, wire(socket)))
  })
}

type Relay = Awaited<ReturnType<typeof relay>>

const wire = (socket: WebSocket) => ({
  get queued() {
    return socket.bufferedAmount
  },
  send: (text: string) => socket.send(text),
  close: (reason: string) => socket.close(codes.closed, reason),
})

/** What comes before the node is connected waits. */
function carry(socket: WebSocket, waiting: string[], connecting: Promise<Relay>): void {
  let connected: Relay | undefined
  socket.on('message', (data) => {
    if (connected) connected.message(String(data))
    else if (waiting.push(String(data)) > mostWaiting) socket.close(codes.badHello, 'too many requests at once')
  })
  socket.on('close', () => connected?.closed())
  connecting.then(
    (port) => {
      if (socket.readyState !== socket.OPEN) return port.closed()
      connected = port
      for (const text of waiting.splice(0)) port.message(text)
    },
    () => socket.close(codes.noNode, 'the node does not answer'),
  )
}

function mayEnter(access: Access, hello: object): boolean {
  if (!('token' in hello) || typeof hello.token !== 'string') return false
  try {
    return seesAll(access.withToken(hello.token))
  } catch {
    return false
  }
}

function withoutToken(request: object): string {
  const { token: _, ...rest } = request as { token?: unknown }
  return JSON.stringify(rest)
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
