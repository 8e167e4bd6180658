/** rtpengine in userspace, with one thread that forwards: calls are set up by its control protocol (ng, over UDP). */
import { createSocket, type Socket } from 'node:dgram'
import { PeerProcess, temporaryFolder } from '../test/peers/process.ts'
import { host } from './cluster.ts'
import type { RtpServer } from './rtp.ts'

export const rtpengineName = 'rtpengine 10.5, userspace, one thread'

type Ports = { readonly control: number; readonly first: number; readonly last: number }

export async function startRtpengine({ control, first, last }: Ports): Promise<RtpServer> {
  const folder = temporaryFolder('rtpengine-bench')
  const range = ['--port-min', String(first), '--port-max', String(last)]
  // Table -1: no forwarding in the kernel.
  const args = ['--foreground', '--log-stderr', '--log-level=5', '--table=-1', '--num-threads=1', ...range]
  args.push('--interface', host, '--listen-ng', `${host}:${control}`, '--pidfile', `${folder.path}/pid`)
  const engine = new PeerProcess('rtpengine', [...args, '--config-file', 'none'])
  const client = new ControlClient(control)
  const stop = async () => {
    client.close()
    await engine.stop('SIGTERM')
    folder.remove()
  }
  try {
    await client.reachable(engine)
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: engine.child.pid ?? 0, stop, open: (phones) => calls(client, phones) }
}

/** A call for each two phones. */
async function calls(client: ControlClient, phones: readonly number[]): Promise<number[]> {
  const ports: number[] = []
  for (let at = 0; at + 1 < phones.length; at += 2) {
    const call = { 'call-id': `call${at}`, 'from-tag': 'caller' }
    const toCallee = await client.ask({ command: 'offer', ...call, sdp: sdp(phones[at] ?? 0) })
    const answer = { command: 'answer', ...call, 'to-tag': 'callee', sdp: sdp(phones[at + 1] ?? 0) }
    const toCaller = await client.ask(answer)
    // The caller sends to the port in what the caller is answered, the callee to the one it was offered.
    ports.push(portIn(toCaller), portIn(toCallee))
  }
  return ports
}

const sdp = (port: number): string =>
  ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', `m=audio ${port} RTP/AVP 0`, ''].join('\r\n')

function portIn(answer: string): number {
  const port = /m=audio (\d+)/.exec(answer)?.[1]
  if (port === undefined) throw new Error(`rtpengine gives no port: ${answer}`)
  return Number(port)
}

/** A datagram is a cookie, a space and a dictionary in bencoding; the answer begins with the same cookie. */
class ControlClient {
  private readonly socket: Socket = createSocket('udp4')
  private readonly port: number
  private readonly pending = new Map<string, (answer: string) => void>()
  private cookie = 0

  constructor(port: number) {
    this.port = port
    this.socket.on('message', (bytes) => {
      const answer = bytes.toString('latin1')
      this.pending.get(answer.slice(0, answer.indexOf(' ')))?.(answer)
    })
  }

  ask(words: Readonly<Record<string, string>>, within = 5_000): Promise<string> {
    this.cookie += 1
    const cookie = String(this.cookie)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`rtpengine does not answer ${words.command}`)), within)
      this.pending.set(cookie, (answer) => {
        clearTimeout(timer)
        this.pending.delete(cookie)
        resolve(answer)
      })
      this.socket.send(`${cookie} ${dictionary(words)}`, this.port, host)
    })
  }

  /** Asks until it listens. */
  async reachable(engine: PeerProcess): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const isThere = await this.ask({ command: 'ping' }, 100).then(
        () => true,
        () => false,
      )
      if (isThere) return
    }
    throw new Error(`rtpengine does not answer; it printed:\n${engine.tail()}`)
  }

  close(): void {
    this.socket.close()
  }
}

const dictionary = (words: Readonly<Record<string, string>>): string =>
  `d${Object.entries(words)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([key, value]) => [text(key), text(value)])
    .join('')}e`

const text = (content: string): string => `${Buffer.byteLength(content)}:${content}`
