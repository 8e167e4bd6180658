/**
 * Somebody who wants to hurt: floods of REGISTER, INVITE, mutants and garbage over UDP from eight addresses of loopback,
 * and connections that say nothing, or a byte now and then.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket as TcpSocket } from 'node:net'
import { Stream } from '#simulation/stream.ts'
import { mutant } from '../fuzz/mutate.ts'
import { seeds } from '../fuzz/seeds.ts'

export type AttackOptions = {
  /** `127.0.0.1:5060`. */
  readonly server: string
  /** Datagrams a second, of each of the four kinds. */
  readonly rate: number
  /** Connections that are kept open. */
  readonly connections: number
}

const hosts = Array.from({ length: 8 }, (_, index) => `127.0.0.${index + 2}`)
const tickMs = 20
/** What a slow connection sends, a byte at a time. */
const endless = `OPTIONS sip:a SIP/2.0\r\n${'X-Slow: and slow\r\n'.repeat(1000)}`

export class Attack {
  /** Datagrams sent, and answers that came. */
  sent = 0
  heard = 0
  private readonly server: { host: string; port: number }
  private readonly random = new Stream(1, 'attack')
  private readonly sockets: Socket[] = []
  private readonly connections: TcpSocket[] = []
  private readonly perTick: number
  private timer: NodeJS.Timeout | undefined
  private serial = 0

  private constructor({ server, rate }: AttackOptions) {
    const [host = '', port] = server.split(':')
    this.server = { host, port: Number(port) }
    this.perTick = (rate * tickMs) / 1000
  }

  static async start(options: AttackOptions): Promise<Attack> {
    const attack = new Attack(options)
    for (const host of hosts) {
      const socket = createSocket('udp4')
      socket.bind(0, host)
      await once(socket, 'listening')
      socket.on('message', () => attack.heard++)
      attack.sockets.push(socket)
    }
    for (let n = 0; n < options.connections; n++) attack.open(n)
    attack.timer = setInterval(() => attack.tick(), tickMs)
    return attack
  }

  /** Harmless when called twice. */
  stop(): void {
    clearInterval(this.timer)
    for (const socket of this.sockets.splice(0)) socket.close()
    for (const connection of this.connections.splice(0)) connection.destroy()
  }

  private open(n: number) {
    const connection = connect({ ...this.server, localAddress: hosts[n % hosts.length] ?? '' })
    // Being refused, or cut off, is what it is here for.
    connection.on('error', () => {})
    this.connections.push(connection)
  }

  private tick() {
    for (let left = this.perTick; left > 0; left--) {
      this.send(this.request('REGISTER'))
      this.send(this.request('INVITE'))
      this.send(mutant(this.random, seeds))
      this.send(this.random.bytes(1 + this.random.below(1200)))
    }
    const slow = this.connections[this.serial % Math.max(1, this.connections.length)]
    if (slow?.writable) slow.write(endless[this.serial % endless.length] ?? 'X')
  }

  private send(message: string | Buffer) {
    const socket = this.sockets[this.random.below(this.sockets.length)]
    socket?.send(message, this.server.port, this.server.host)
    this.sent++
  }

  /** Guesses a number and a password. */
  private request(method: 'REGISTER' | 'INVITE'): string {
    this.serial++
    const user = String(1000 + this.random.below(2000))
    const uri = method === 'REGISTER' ? 'sip:ringmain' : 'sip:00900123456@ringmain'
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.2:9;rport;branch=z9hG4bKattack${this.serial}`,
      'Max-Forwards: 70',
      `From: <sip:${user}@ringmain>;tag=a${this.serial}`,
      `To: <${method === 'REGISTER' ? `sip:${user}@ringmain` : uri}>`,
      `Call-ID: attack${this.serial}`,
      `CSeq: 1 ${method}`,
      'Contact: <sip:attacker@127.0.0.2:9>',
      ...(this.random.chance(0.5) ? [`Authorization: Digest username="${user}", realm="ringmain", nonce="x"`] : []),
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n')
  }
}
