/**
 * A message forwarded with changes (RFC 3261 §16.6, §16.7): untouched lines are copied by range, nothing is parsed
 * again. `finish` may be called once for each branch of a fork.
 */
import type { Body, Draft } from './draft.ts'
import { CONTENT_LENGTH, fieldId, isList } from './field-names.ts'
import { cellOf, isNamed, WIDTH } from './field-table.ts'
import { Message } from './message.ts'
import { endOfItem } from './scan.ts'
import { bodyLines, line, safe, toBytes } from './write.ts'

/** What happens to the fields of one name. */
class Change {
  readonly id: number
  /** Lower case; for names without an id. */
  readonly name: string
  /** How many of the values the message came with are left out, from the top. */
  drop = 0
  /** Lines put where the first field of this name stands, or at the end of the header. */
  above = ''
  /** While it is written: how many values have been left out, and whether the lines stand. */
  dropped = 0
  placed = false
  constructor(id: number, name: string) {
    this.id = id
    this.name = name
  }
}

/** More values than a message can have. */
const all = 0x3fff_ffff

export class Edit implements Draft {
  readonly method: string
  private readonly message: Message
  private readonly changes: Change[] = []
  private startLine: string | undefined
  private below = ''
  private newBody: Body | undefined
  private replacesBody = false
  constructor(message: Message) {
    this.method = message.method
    this.message = message
  }

  requestURI(uri: string): this {
    this.startLine = `${this.method} ${safe('the Request-URI', uri)} SIP/2.0\r\n`
    return this
  }

  maxForwards(hops: number): this {
    return this.set('Max-Forwards', String(hops))
  }

  /** One more field above those of its name: Via, Route, Record-Route. The last one pushed stands on top. */
  push(name: string, value: string): this {
    const change = this.change(name)
    change.above = line(name, value) + change.above
    return this
  }

  /** Leaves out the topmost value that the message came with. */
  pop(name: string): this {
    this.change(name).drop++
    return this
  }

  /** One field instead of all of its name. */
  set(name: string, value: string): this {
    const change = this.change(name)
    change.drop = all
    change.above = line(name, value)
    return this
  }

  remove(name: string): this {
    this.change(name).drop = all
    return this
  }

  /** One more field below everything. */
  add(name: string, value: string): this {
    this.below += line(name, value)
    return this
  }

  /** Replaces body and Content-Type; `undefined` removes them. */
  body(body: Body | undefined): this {
    this.replacesBody = true
    this.newBody = body
    this.remove('Content-Type').remove('Content-Length')
    return this
  }

  finish(via?: string): Message {
    const { message } = this
    const { text, table } = message
    const fields = table.cells[1] ?? 0
    let out = this.startLine ?? text.slice(0, fields)
    if (via !== undefined) out += line('Via', via)
    out += this.changes.length === 0 ? text.slice(fields, table.body - 2) : this.changed(fields)
    out += this.below
    if (this.replacesBody) return this.finished(toBytes(out + bodyLines(this.newBody), this.newBody?.bytes, true))
    // §18.3: a datagram may lack it, a stream may not.
    if (cellOf(table, CONTENT_LENGTH) < 0) out += `Content-Length: ${text.length - table.body}\r\n`
    // Empty line and body in one piece with the header: the text has them both.
    return this.finished(toBytes(out + text.slice(table.body - 2), undefined, true))
  }

  private finished(bytes: Buffer): Message {
    const { method, status, cseq } = this.message
    return new Message(bytes, method, status, cseq)
  }

  private changed(fields: number): string {
    const { text, table } = this.message
    const { cells } = table
    const { changes } = this
    for (const change of changes) {
      change.dropped = 0
      change.placed = false
    }
    let out = ''
    let from = fields
    for (let cell = 0; cell < cells.length; cell += WIDTH) {
      const start = cells[cell + 1] ?? 0
      const change = this.known(cells[cell] ?? 0, start)
      if (change === undefined) continue
      out += text.slice(from, start)
      if (!change.placed) out += change.above
      change.placed = true
      from = start
      if (change.drop > change.dropped) {
        out += this.afterDropped(cell, change)
        from = cells[cell + WIDTH + 1] ?? table.body - 2
      }
    }
    out += text.slice(from, table.body - 2)
    for (const change of changes) if (!change.placed) out += change.above
    return out
  }

  /** What is left of a field's line when the values that are still to be left out are. */
  private afterDropped(cell: number, change: Change): string {
    const { text, table } = this.message
    const end = table.cells[cell + 3] ?? 0
    if (!isList(change.id)) {
      change.dropped++
      return ''
    }
    let start = table.cells[cell + 2] ?? 0
    while (change.dropped < change.drop && start < end) {
      start = endOfItem(text, start, end) + 1
      change.dropped++
    }
    if (start >= end) return ''
    return `${text.slice(table.cells[cell + 1], table.cells[cell + 2])}${text.slice(start, end).trimStart()}\r\n`
  }

  /** What is to be done with the field that begins at `start`. */
  private known(id: number, start: number): Change | undefined {
    for (const change of this.changes)
      if (change.id === id && (id !== 0 || isNamed(this.message.text, start, change.name))) return change
    return undefined
  }

  private change(name: string): Change {
    const id = fieldId(name)
    const lower = id === 0 ? name.toLowerCase() : ''
    for (const change of this.changes) if (change.id === id && change.name === lower) return change
    const change = new Change(id, lower)
    this.changes.push(change)
    return change
  }
}

export const edit = (message: Message): Edit => new Edit(message)
