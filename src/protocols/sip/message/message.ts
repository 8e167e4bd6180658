/**
 * A SIP message as everyone reads it (RFC 3261 §7): immutable bytes; text and index are caches that come back when
 * asked for. Text is latin1, one character a byte (`fromWire` makes Unicode of it).
 */
import { CALL_ID, FROM, fieldId, isList, TO, VIA } from './field-names.ts'
import { cellOf, type FieldTable, indexFields, isNamed, WIDTH } from './field-table.ts'
import { endOfItem, own, parameterAt, splitList, trimmed, unfold } from './scan.ts'
import { ViaSpan } from './via-span.ts'

const noNames: readonly string[] = []
const noLimits = { messageBytes: Number.MAX_SAFE_INTEGER, headerBytes: Number.MAX_SAFE_INTEGER, fields: 1_000_000 }

export class Message {
  private whole: Buffer | undefined
  /** Requests: the method. Responses: the method of CSeq. */
  readonly method: string
  /** Responses only; 0 in requests. */
  readonly status: number
  /** The number of CSeq. */
  readonly cseq: number
  private cachedText: string | undefined
  private cachedTable: FieldTable | undefined
  private cachedVia: ViaSpan | undefined
  private cachedCallID: string | undefined
  private cachedFromTag: string | undefined
  private cachedToTag: string | undefined

  /**
   * For `parseMessage` and the builders, which know what they pass: use those. Without bytes or text the one is made of
   * the other when it is asked for.
   */
  constructor(
    bytes: Buffer | undefined,
    method: string,
    status: number,
    cseq: number,
    text?: string,
    table?: FieldTable,
  ) {
    this.whole = bytes
    this.method = method
    this.status = status
    this.cseq = cseq
    this.cachedText = text
    this.cachedTable = table
  }

  /** The whole message as it stood on the wire. */
  get bytes(): Buffer {
    return this.whole ?? Buffer.from(this.text, 'latin1')
  }

  get isRequest(): boolean {
    return this.status === 0
  }

  /** Requests only; empty in responses. */
  get requestURI(): string {
    if (this.status !== 0) return ''
    const start = this.method.length + 1
    return this.text.slice(start, this.text.indexOf(' ', start))
  }

  /** Responses only; empty in requests. */
  get reason(): string {
    // 'SIP/2.0 200 OK'
    return this.status === 0 ? '' : this.text.slice(12, this.text.indexOf('\r', 12)).trim()
  }

  /** The first value of a header field, unfolded and trimmed; long and compact names are one. */
  header(name: string): string | undefined {
    const cell = this.cellOf(name, 0)
    return cell < 0 ? undefined : this.firstItem(cell)
  }

  /** Whether it has a field of this id (`fieldId`): the cheapest question. */
  has(id: number): boolean {
    return this.knownCell(id, 0) >= 0
  }

  /** Every value in order; comma-separated lists of Via, Route, Record-Route, Contact, … are split. */
  headers(name: string): string[] {
    const found: string[] = []
    for (let cell = this.cellOf(name, 0); cell >= 0; cell = this.cellOf(name, cell + WIDTH)) {
      const value = this.valueOf(cell)
      if (!isList(this.table.cells[cell] ?? 0)) found.push(value)
      else if (value.indexOf(',') < 0) value !== '' && found.push(value)
      else found.push(...splitList(value))
    }
    return found
  }

  get body(): Buffer {
    const { body } = this.table
    return this.whole?.subarray(body) ?? Buffer.from(this.text.slice(body), 'latin1')
  }

  /** As written: the names of fields that the protocol does not know, private ones among them. */
  unknownNames(): readonly string[] {
    const { cells } = this.table
    let found: string[] | undefined
    for (let cell = this.knownCell(0, 0); cell >= 0; cell = this.knownCell(0, cell + WIDTH)) {
      const start = cells[cell + 1] ?? 0
      const name = this.text.slice(start, this.text.indexOf(':', start)).trimEnd()
      if (found === undefined) found = [name]
      else found.push(name)
    }
    return found ?? noNames
  }

  /** Without parameters, in lower case: `application/sdp`; empty without a body type. */
  get contentType(): string {
    const value = this.header('Content-Type') ?? ''
    const end = value.indexOf(';')
    return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase()
  }

  /** These are copies: they may be kept without keeping the message. */
  get callID(): string {
    this.cachedCallID ??= own(this.valueById(CALL_ID))
    return this.cachedCallID
  }
  /** The branch of the topmost Via; empty where it has none. */
  get branch(): string {
    return own(this.branchHere)
  }
  /** Host and port of the topmost Via as written. */
  get sentBy(): string {
    return own(this.sentByHere)
  }
  get fromTag(): string {
    this.cachedFromTag ??= own(this.tagOf(FROM))
    return this.cachedFromTag
  }
  /** Empty where there is none: outside a dialog. */
  get toTag(): string {
    this.cachedToTag ??= own(this.tagOf(TO))
    return this.cachedToTag
  }

  /** The same as pieces of the text, for those that do not keep them. */
  get branchHere(): string {
    const { via } = this
    return via === undefined || via.branch < 0 ? '' : this.text.slice(via.branch, via.branchEnd)
  }
  get sentByHere(): string {
    const { via } = this
    return via === undefined ? '' : this.text.slice(via.sentBy, via.sentByEnd)
  }

  /** Where the parts of the topmost Via lie; undefined where there is none. */
  get via(): ViaSpan | undefined {
    if (this.cachedVia !== undefined) return this.cachedVia
    const cell = this.knownCell(VIA, 0)
    if (cell < 0) return undefined
    const { cells } = this.table
    this.cachedVia = new ViaSpan(this.text, cells[cell + 2] ?? 0, cells[cell + 3] ?? 0)
    return this.cachedVia
  }

  /**
   * Lets go of everything but a copy of the text; for messages that are kept. What is asked later is read again. Bytes
   * would be a piece of a buffer that others share, or cost the allocator and the collector several times as much.
   */
  shrink(): this {
    if (this.whole !== undefined) this.cachedText = this.whole.toString('latin1')
    this.whole = undefined
    this.cachedTable = undefined
    this.cachedVia = undefined
    return this
  }

  /** The whole message, one character a byte. */
  get text(): string {
    this.cachedText ??= this.bytes.toString('latin1')
    return this.cachedText
  }

  /** Where the fields lie; for the builders of this folder. */
  get table(): FieldTable {
    const text = this.text
    this.cachedTable ??= indexFields(text, text.indexOf('\n') + 1, noLimits)
    return this.cachedTable
  }

  /** The cell of the first field of this name at or after `from`; -1 where there is none. */
  cellOf(name: string, from: number): number {
    const id = fieldId(name)
    return id === 0 ? this.unknownCell(name.toLowerCase(), from) : this.knownCell(id, from)
  }

  private knownCell(id: number, from: number): number {
    return cellOf(this.table, id, from)
  }

  private unknownCell(lower: string, from: number): number {
    const { cells } = this.table
    for (let cell = from; cell < cells.length; cell += WIDTH)
      if (cells[cell] === 0 && isNamed(this.text, cells[cell + 1] ?? 0, lower)) return cell
    return -1
  }

  private valueOf(cell: number): string {
    const { cells } = this.table
    return unfold(this.text.slice(cells[cell + 2], cells[cell + 3]))
  }

  private firstItem(cell: number): string {
    const { cells } = this.table
    const start = cells[cell + 2] ?? 0
    const end = cells[cell + 3] ?? 0
    if (!isList(cells[cell] ?? 0)) return unfold(this.text.slice(start, end))
    return unfold(trimmed(this.text, start, endOfItem(this.text, start, end)))
  }

  private valueById(id: number): string {
    const cell = this.knownCell(id, 0)
    return cell < 0 ? '' : this.valueOf(cell)
  }

  private tagOf(id: number): string {
    const cell = this.knownCell(id, 0)
    if (cell < 0) return ''
    const { cells } = this.table
    return parameterAt(this.text, 'tag', cells[cell + 2] ?? 0, cells[cell + 3] ?? 0) ?? ''
  }
}
