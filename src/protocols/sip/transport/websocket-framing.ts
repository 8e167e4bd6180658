/** SIP over a WebSocket (RFC 7118) as its server: one message in each text or binary message, after the HTTP upgrade. */
import { isUtf8 } from 'node:buffer'
import type { Writable } from 'node:stream'
import { Receiver, Sender } from 'ws'
import type { MessageLimits } from '../message/limits.ts'
import { BrokenStream, type Framing } from './framing.ts'
import { headTooLarge, upgrade } from './websocket-upgrade.ts'

/** What the typings of `ws` leave out: its framing alone, without a socket. */
declare module 'ws' {
  type ReceiverOptions = { isServer: boolean; maxPayload: number; maxFragments: number; maxBufferedChunks: number }
  type FrameOptions = { fin: true; opcode: number; mask: boolean; readOnly: boolean; rsv1: false }
  export interface Receiver extends Writable {}
  export class Receiver {
    constructor(options: ReceiverOptions)
  }
  export const Sender: { frame(data: Buffer, options: FrameOptions): Buffer[] }
}

const opcodes = { text: 1, binary: 2, close: 8, pong: 10 } as const
const headLimit = 8_192
const nothing: Buffer = Buffer.alloc(0)
/** A message in more pieces is nobody's who means well. */
const pieces = { maxFragments: 128, maxBufferedChunks: 1_024 }

export type WebSocketUser = {
  /** Bytes of the WebSocket itself: its opening, pong, close. */
  reply(bytes: Buffer): void
  /** As `push` throws it, for what is found out later. */
  broken(error: BrokenStream): void
}

export class WebSocketFraming implements Framing {
  partial = false
  private readonly user: WebSocketUser
  private readonly receiver: Receiver
  /** The HTTP request as far as it has come; undefined when it has been answered. */
  private head: Buffer | undefined = nothing
  private message: (bytes: Buffer) => void = () => {}
  private ping: () => void = () => {}

  constructor(limits: MessageLimits, user: WebSocketUser) {
    this.user = user
    this.receiver = new Receiver({ isServer: true, maxPayload: limits.messageBytes, ...pieces })
    this.receiver.on('message', (bytes: Buffer) => this.received(bytes))
    this.receiver.on('ping', (bytes: Buffer) => this.answer(opcodes.pong, bytes))
    // RFC 6455 §5.5.3: nobody asked for it, and it wants no answer; but nothing of it is left to come.
    this.receiver.on('pong', () => {
      this.partial = false
    })
    this.receiver.on('conclude', (code: number) => {
      this.answer(opcodes.close, nothing)
      user.broken(new BrokenStream('closed', `closed with ${code}`))
    })
    this.receiver.on('error', (error: NodeJS.ErrnoException) => {
      this.answer(opcodes.close, statusOf(error))
      user.broken(new BrokenStream('unframed', error.message, { cause: error }))
    })
  }

  push(bytes: Buffer, message: (bytes: Buffer) => void, ping: () => void): void {
    this.partial = true
    this.message = message
    this.ping = ping
    if (this.head === undefined) this.receiver.write(bytes)
    else this.open(Buffer.concat([this.head, bytes]))
  }

  /** Text wherever it is some: not every client takes binary. */
  wrap(message: Buffer): Buffer {
    return frame(isUtf8(message) ? opcodes.text : opcodes.binary, message)
  }

  private open(head: Buffer) {
    this.head = head
    const end = head.indexOf('\r\n\r\n')
    if (end < 0 && head.length <= headLimit) return
    const { taken, answer, reason } =
      end < 0 || end > headLimit ? headTooLarge() : upgrade(head.toString('latin1', 0, end))
    this.user.reply(Buffer.from(answer, 'latin1'))
    if (!taken) throw new BrokenStream('upgrade', reason)
    this.head = undefined
    this.partial = false
    if (head.length > end + 4) this.receiver.write(head.subarray(end + 4))
  }

  private received(bytes: Buffer) {
    this.partial = false
    // RFC 5626 §3.5.1, which some send here, too.
    if (bytes.length === 4 && bytes.toString('latin1') === '\r\n\r\n') this.ping()
    else this.message(bytes)
  }

  private answer(opcode: number, payload: Buffer) {
    this.partial = false
    this.user.reply(frame(opcode, payload))
  }
}

const frame = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat(Sender.frame(payload, { fin: true, opcode, mask: false, readOnly: true, rsv1: false }))

/** RFC 6455 §7.4.1: too big, no UTF-8, or any other breach of the protocol. */
function statusOf({ code }: NodeJS.ErrnoException): Buffer {
  const tooBig = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
  const status = tooBig ? 1009 : code === 'WS_ERR_INVALID_UTF8' ? 1007 : 1002
  return Buffer.from([status >> 8, status & 0xff])
}
