/** Calls in order of priority (higher first), then enter time, then ConnID. Mostly added at the end and taken in front. */
export type Waiting = { readonly connID: string; readonly priority: number; readonly enterTime: number }

export class WaitingCalls<Call extends Waiting> {
  private readonly sorted: Call[] = []

  static before(a: Waiting, b: Waiting): boolean {
    if (a.priority !== b.priority) return a.priority > b.priority
    if (a.enterTime !== b.enterTime) return a.enterTime < b.enterTime
    return a.connID < b.connID
  }

  get size(): number {
    return this.sorted.length
  }

  first(): Call | undefined {
    return this.sorted[0]
  }

  add(call: Call): void {
    const at = this.position(call)
    if (this.sorted[at]?.connID !== call.connID) this.sorted.splice(at, 0, call)
  }

  remove(call: Waiting): void {
    const at = this.position(call)
    if (this.sorted[at]?.connID === call.connID) this.sorted.splice(at, 1)
  }

  /** Where the call stands, or would stand (binary search). */
  private position(call: Waiting): number {
    let low = 0
    let high = this.sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.sorted[middle]
      if (other && WaitingCalls.before(other, call)) low = middle + 1
      else high = middle
    }
    return low
  }
}
