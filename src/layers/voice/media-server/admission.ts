/**
 * Who is let in. A conference is let in as a whole: once one of its legs is here the others are, at the limit and while
 * we drain; once one of its legs was sent elsewhere the others are too, or they would never hear each other. Where all
 * media servers were full, none has it: its controller then says that it comes with its first leg.
 */

/** Conferences sent elsewhere that are remembered. */
const mostRemembered = 10_000

export class Admission {
  isDraining = false
  private readonly capacity: number
  /** In the order in which they were sent elsewhere. */
  private readonly elsewhere = new Set<string>()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** `legs`: how many there are now; `isHere`: the conference has a leg here. */
  admits(conference: string | undefined, legs: number, isHere: boolean): boolean {
    if (conference === undefined) return !this.isDraining && legs < this.capacity
    if (isHere) return true
    if (!this.isDraining && legs < this.capacity && !this.elsewhere.has(conference)) return true
    this.sendElsewhere(conference)
    return false
  }

  /** It is refused so that another media server takes it, with all legs that it will have. */
  sendElsewhere(conference: string): void {
    this.elsewhere.delete(conference)
    this.elsewhere.add(conference)
    if (this.elsewhere.size <= mostRemembered) return
    for (const oldest of this.elsewhere) {
      this.elsewhere.delete(oldest)
      return
    }
  }

  /** It has no leg anywhere: nobody has taken it. */
  forget(conference: string): void {
    this.elsewhere.delete(conference)
  }
}
