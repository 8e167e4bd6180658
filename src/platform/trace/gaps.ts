/** What a ladder says of itself: from where on its call was not among those traced, and where the disk was too slow. */
import type { Found } from './read-call.ts'
import type { TraceRecord } from './record.ts'
import { classOfCall, whole, wordsOf } from './share.ts'

export class Gaps {
  readonly found: Found[] = []
  private readonly callClass: number
  /** When the call began, wall-clock ms. */
  private readonly begin: number
  private limit = whole
  private begun = false
  /** What was said last: whether the call is traced. */
  private said = true
  private again: Found | undefined

  constructor(callUUID: string, begin: number) {
    this.callClass = classOfCall(callUUID)
    this.begin = begin
  }

  /** Every record, in order; `ended`: whether the call is over, so that nothing of it is missing any more. */
  see(place: number, { kind, at, body }: TraceRecord, ended: boolean): void {
    if (at >= this.begin) this.start(place)
    if (kind === 'share') this.limit = Number(body.toString())
    if (!this.begun || ended) return
    if (kind === 'lost')
      this.add(place, at, `${body} records of all calls are missing before this: the disk was too slow`)
    if (kind === 'share') this.turn(place, at)
  }

  /** No record comes any more. */
  end(): void {
    this.start(-1)
  }

  /** What stands before the next record of the call. */
  resumed(): Found[] {
    if (this.again === undefined) return []
    const { again } = this
    this.again = undefined
    this.said = true
    return [again]
  }

  private get isTraced(): boolean {
    return this.callClass < this.limit
  }

  private start(place: number): void {
    if (this.begun) return
    this.begun = true
    if (!this.isTraced) this.stop(place - 0.5, this.begin)
  }

  private turn(place: number, at: number): void {
    if (!this.isTraced) this.again = undefined
    if (this.isTraced && !this.said) this.again = gap(place, at, `traced again: ${wordsOf(this.limit)} is`)
    if (!this.isTraced && this.said) this.stop(place, at)
  }

  private stop(place: number, at: number): void {
    this.said = false
    this.add(place, at, `not traced from here on: under load only ${wordsOf(this.limit)} is`)
  }

  private add(place: number, at: number, text: string): void {
    this.found.push(gap(place, at, text))
  }
}

const gap = (place: number, at: number, text: string): Found => ({
  place,
  item: { at, kind: 'gap', from: '', to: '', text },
})
