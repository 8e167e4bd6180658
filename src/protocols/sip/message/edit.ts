/**
 * A message forwarded with changes (RFC 3261 §16.6, §16.7): untouched lines are copied by range, nothing is parsed
 * again. `finish` may be called once for each branch of a fork.
 */
import type { Body, Draft } from './draft.ts'
import { fieldId, isList } from './field-names.ts'
import { isNamed, WIDTH } from './field-table.ts'
import { Message } from './message.ts'
import { endOfItem } from './scan.ts'
import { bodyLines, line, safe, toBytes } from './write.ts'

/** What happens to the fields of one name. */
type Change = {
  readonly id: number
  /** Lower case. */
  readonly name: string
  /** How many of the values the message came with are left out, from the top. */
  drop: number
  /** Lines put where the first field of this name stands, or at the end of the header. */
  above: string
}

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
    change.drop = Number.POSITIVE_INFINITY
    change.above = line(name, value)
    return this
  }

  remove(name: string): this {
    this.change(name).drop = Number.POSITIVE_INFINITY
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
    const { text } = message
    const fields = message.table.cells[1] ?? 0
    let out = this.startLine ?? text.slice(0, fields)
    if (via !== undefined) out += line('Via', via)
    out += this.changes.length === 0 ? text.slice(fields, message.table.body - 2) : this.changed(fields)
    out += this.below
    const body = this.replacesBody ? this.newBody?.bytes : message.body
    if (this.replacesBody) out += bodyLines(this.newBody)
    // §18.3: a datagram may lack it, a stream may not.
    else if (message.cellOf('Content-Length', 0) < 0) out += `Content-Length: ${message.body.length}\r\n\r\n`
    else out += '\r\n'
    return new Message(toBytes(out, body, true), message.method, message.status, message.cseq)
  }

  private changed(fields: number): string {
    const { text, table } = this.message
    const { cells } = table
    const dropped = this.changes.map(() => 0)
    const placed = this.changes.map(() => false)
    let out = ''
    let from = fields
    for (let cell = 0; cell < cells.length; cell += WIDTH) {
      const start = cells[cell + 1] ?? 0
      const index = this.indexOf(cells[cell] ?? 0, start)
      const change = this.changes[index]
      if (change === undefined) continue
      out += text.slice(from, start)
      if (!placed[index]) out += change.above
      placed[index] = true
      from = start
      if (change.drop > (dropped[index] ?? 0)) {
        const rest = this.afterDropped(cell, change.drop - (dropped[index] ?? 0))
        dropped[index] = change.drop - rest.left
        out += rest.text
        from = cells[cell + WIDTH + 1] ?? table.body - 2
      }
    }
    out += text.slice(from, table.body - 2)
    for (let index = 0; index < placed.length; index++) if (!placed[index]) out += this.changes[index]?.above ?? ''
    return out
  }

  /** What is left of a field's line when `count` of its values are left out, and how many are still to go. */
  private afterDropped(cell: number, count: number): { text: string; left: number } {
    const { text, table } = this.message
    const end = table.cells[cell + 3] ?? 0
    if (!isList(table.cells[cell] ?? 0)) return { text: '', left: count - 1 }
    let start = table.cells[cell + 2] ?? 0
    let left = count
    while (left > 0 && start < end) {
      start = endOfItem(text, start, end) + 1
      left--
    }
    const name = text.slice(table.cells[cell + 1], table.cells[cell + 2])
    return { text: start < end ? `${name}${text.slice(start, end).trimStart()}\r\n` : '', left }
  }

  private indexOf(id: number, start: number): number {
    for (let index = 0; index < this.changes.length; index++) {
      const change = this.changes[index]
      if (change === undefined) break
      if (change.id === id && (id !== 0 || isNamed(this.message.text, start, change.name))) return index
    }
    return -1
  }

  private change(name: string): Change {
    const id = fieldId(name)
    const lower = name.toLowerCase()
    const found = this.changes.find((change) => change.id === id && (id !== 0 || change.name === lower))
    if (found !== undefined) return found
    const change: Change = { id, name: lower, drop: 0, above: '' }
    this.changes.push(change)
    return change
  }
}

export const edit = (message: Message): Edit => new Edit(message)
