/** `Runtime` on Node.js. One per process, made by the composition root and handed to each component. */
import type { Socket } from 'node:net'
import type {
  Address,
  Connection,
  Listener,
  Net,
  Runtime,
  TlsCredentials,
  TlsEnd,
  TlsPem,
  UdpPort,
} from '#platform/runtime/runtime.ts'
import { NodeClock } from './clock.ts'
import { NodeDisk } from './disk.ts'
import { NodeDns } from './dns.ts'
import { libc } from './libc.ts'
import { NodeRandom } from './random.ts'
import { connectTcp, listenTcp, type NodeConnection, type NodeListener } from './tcp.ts'
import { NodeCredentials } from './tls.ts'
import { bindUdp, type NodeUdpPort } from './udp.ts'

export interface NodeRuntime extends Runtime {
  /** Closes every port, connection, file and timer; nothing of it keeps the process alive afterwards. */
  close(): Promise<void>
}

export type NodeRuntimeOptions = {
  /** Name servers as `address` or `address:port`; those of the host unless given. */
  readonly nameServers?: readonly string[]
}

export function nodeRuntime({ nameServers = [] }: NodeRuntimeOptions = {}): NodeRuntime {
  const clock = new NodeClock()
  const net = new NodeNet(clock)
  const dns = new NodeDns(clock, nameServers)
  const disk = new NodeDisk()
  return {
    clock,
    random: new NodeRandom(),
    net,
    dns,
    disk,
    async close() {
      dns.close()
      await Promise.all([net.close(), disk.close()])
      clock.close()
    },
  }
}

class NodeNet implements Net {
  readonly #clock: NodeClock
  readonly #ports = new Set<NodeUdpPort | NodeListener>()
  readonly #dialled = new Set<Socket>()

  constructor(clock: NodeClock) {
    this.#clock = clock
  }

  async udp(local: Address, receive: (bytes: Buffer, from: Address) => void): Promise<UdpPort> {
    return this.#keep(await bindUdp(local, receive, libc))
  }

  async listen(local: Address, accept: (connection: Connection) => void): Promise<Listener> {
    return this.#keep(await listenTcp(this.#clock, local, accept))
  }

  connect(remote: Address): Promise<Connection> {
    return connectTcp(this.#clock, remote, this.#dialled)
  }

  credentials(pem: TlsPem): TlsCredentials {
    return new NodeCredentials(pem)
  }

  secure(connection: Connection, end: TlsEnd): Promise<Connection> {
    return (connection as NodeConnection).secure(end)
  }

  async close(): Promise<void> {
    for (const socket of this.#dialled) socket.destroy()
    await Promise.all([...this.#ports].map((port) => port.close()))
  }

  #keep<Port extends NodeUdpPort | NodeListener>(port: Port): Port {
    this.#ports.add(port)
    port.whenClosed(() => this.#ports.delete(port))
    return port
  }
}
