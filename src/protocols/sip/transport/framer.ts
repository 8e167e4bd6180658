/** Messages out of a stream (RFC 3261 §18.3): Content-Length says where one ends, at whatever split the bytes come. */
import { MalformedMessage } from '../message/errors.ts'
import { CONTENT_LENGTH } from '../message/field-names.ts'
import { endOfLine, indexFields, WIDTH } from '../message/field-table.ts'
import type { MessageLimits } from '../message/limits.ts'
import { decimal } from '../message/scan.ts'
import type { Framing } from './framing.ts'

const CR = 0x0d
const LF = 0x0a
const nothing: Buffer = Buffer.alloc(0)

export class Framer implements Framing {
  private readonly limits: MessageLimits
  /** What has come and belongs to no whole message yet. */
  private pending: Buffer = nothing
  /** Parts that wait to be joined to `pending`, so that a message in many pieces is not copied for each of them. */
  private parts: Buffer[] = []
  private partsLength = 0
  /** The length of the message that is coming; 0 while its header is not whole. */
  private expected = 0
  /** Where the search for the end of the header goes on. */
  private searched = 0
  /** An odd number of empty lines has come, and nothing since. */
  private halfPing = false
  /** One has come alone: no ping, but perhaps the answer to ours. */
  private ponged = false

  constructor(limits: MessageLimits) {
    this.limits = limits
  }

  get partial(): boolean {
    return this.pending.length + this.partsLength > 0
  }

  /** `ping` is called for each double CRLF (RFC 5626 §3.5.1). */
  push(bytes: Buffer, message: (bytes: Buffer) => void, ping: () => void): void {
    if (this.expected > this.pending.length + this.partsLength + bytes.length) {
      this.parts.push(bytes)
      this.partsLength += bytes.length
      return
    }
    this.join(bytes)
    for (;;) {
      this.skipEmptyLines(ping)
      if (this.pending.length === 0 || this.isHalfEmptyLine() || !this.headerIsWhole()) return
      if (this.pending.length < this.expected) return
      const whole = this.pending.subarray(0, this.expected)
      this.pending = this.pending.subarray(this.expected)
      this.expected = 0
      this.searched = 0
      // A copy where others share the chunk: a kept message must not keep the chunk.
      message(this.pending.length === 0 ? whole : Buffer.from(whole))
    }
  }

  wrap(message: Buffer): Buffer {
    return message
  }

  /** Whether an empty line has come, since it was asked last, that is no half of a ping: a pong (RFC 5626 §3.5.1). */
  takePong(): boolean {
    const ponged = this.ponged || this.halfPing
    this.ponged = false
    this.halfPing = false
    return ponged
  }

  private join(bytes: Buffer) {
    if (!this.partial) this.pending = bytes
    else this.pending = Buffer.concat([this.pending, ...this.parts, bytes])
    this.parts = []
    this.partsLength = 0
  }

  /** Between messages. The two of a ping, and the two bytes of each, may come one by one. */
  private skipEmptyLines(ping: () => void) {
    if (this.searched > 0) return
    let at = 0
    while (this.isEmptyLine(at)) {
      at += 2
      this.halfPing = !this.halfPing
      if (!this.halfPing) ping()
    }
    if (at > 0) this.pending = this.pending.subarray(at)
    if (this.pending.length === 0 || this.isHalfEmptyLine()) return
    this.ponged ||= this.halfPing
    this.halfPing = false
  }

  /** Whether a CR has come whose LF is still to come. */
  private isHalfEmptyLine(): boolean {
    return this.searched === 0 && this.pending.length === 1 && this.pending[0] === CR
  }

  private isEmptyLine(at: number): boolean {
    return this.pending[at] === CR && this.pending[at + 1] === LF
  }

  private headerIsWhole(): boolean {
    if (this.expected > 0) return true
    const end = this.pending.indexOf('\r\n\r\n', Math.max(0, this.searched - 3), 'latin1')
    if ((end < 0 ? this.pending.length : end) > this.limits.headerBytes)
      throw new MalformedMessage('the header is too large', 513)
    this.searched = this.pending.length
    if (end < 0) return false
    this.expected = end + 4 + this.contentLength(this.pending.toString('latin1', 0, end + 4))
    if (this.expected > this.limits.messageBytes) throw new MalformedMessage('the message is too large', 513)
    return true
  }

  /** §20.14: over a stream every message has one. Two of them are two framings, so they are refused. */
  private contentLength(header: string): number {
    const { cells } = indexFields(header, endOfLine(header, 0) + 2, this.limits)
    let length = -1
    for (let cell = 0; cell < cells.length; cell += WIDTH) {
      if (cells[cell] !== CONTENT_LENGTH) continue
      if (length >= 0) throw new MalformedMessage('more than one Content-Length')
      length = decimal(header.slice(cells[cell + 2], cells[cell + 3]), 0x7fff_ffff)
      if (Number.isNaN(length)) throw new MalformedMessage('Content-Length is not a number')
    }
    if (length < 0) throw new MalformedMessage('no Content-Length in a message over a stream')
    return length
  }
}
