/** A scripted phone over a WebSocket of its own (RFC 7118), in virtual time. */
import { Receiver, Sender } from 'ws'
import type { Address, Connection } from '#platform/runtime/runtime.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { ScriptedPeer } from './sip-peers.ts'
import type { World } from './world.ts'

const unlimited = { maxPayload: 0, maxFragments: 0, maxBufferedChunks: 0 }

/** Frames by their opcode (RFC 6455 §5.2). */
export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export class WebSocketPeer extends ScriptedPeer {
  readonly connection: Connection
  /** What the server said to the HTTP request. */
  opening = ''
  /** Payloads of frames that are no SIP message: pongs, CRLF. */
  readonly pongs: string[] = []
  closed = false
  private readonly receiver = new Receiver({ isServer: false, ...unlimited })

  private constructor(connection: Connection) {
    super()
    this.connection = connection
    this.receiver.on('message', (bytes: Buffer) => this.message(bytes))
    this.receiver.on('pong', (bytes: Buffer) => this.pongs.push(bytes.toString('latin1')))
    this.receiver.on('conclude', () => {})
    connection.receive(
      (bytes) => this.received(bytes),
      () => {
        this.closed = true
      },
    )
  }

  static async to(world: World, host: string, remote: Address): Promise<WebSocketPeer> {
    const connection = await world.complete(world.host(host).net.connect(remote))
    return new WebSocketPeer(connection)
  }

  /** Asks for the WebSocket; `subprotocol`: undefined asks for none. */
  open(subprotocol: string | undefined = 'sip'): void {
    const lines = ['GET / HTTP/1.1', 'Host: proxy', 'Upgrade: websocket', 'Connection: keep-alive, Upgrade']
    const more = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
    const protocol = subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]
    this.raw(`${[...lines, ...more, ...protocol].join('\r\n')}\r\n\r\n`)
  }

  raw(bytes: string | Buffer): void {
    this.connection.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  frame(opcode: number, payload: string | Buffer): void {
    const options = { fin: true, opcode, mask: true, readOnly: true, rsv1: false } as const
    this.raw(Buffer.concat(Sender.frame(Buffer.from(payload as string, 'latin1'), options)))
  }

  protected write(bytes: Buffer): void {
    this.frame(opcodes.text, bytes)
  }

  private received(bytes: Buffer) {
    if (this.isOpen) {
      this.receiver.write(bytes)
      return
    }
    const end = bytes.indexOf('\r\n\r\n') + 4
    this.opening += bytes.toString('latin1', 0, end)
    if (this.isOpen && bytes.length > end) this.receiver.write(bytes.subarray(end))
  }

  private get isOpen(): boolean {
    return this.opening.startsWith('HTTP/1.1 101 ')
  }

  private message(bytes: Buffer) {
    if (bytes.length <= 4) this.pongs.push(bytes.toString('latin1'))
    else this.heard.push(parseMessage(bytes))
  }
}
