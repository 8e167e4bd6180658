/**
 * The machines of one session take turns: what a user or an effect feeds in meanwhile waits until the step is done.
 * Not the platform's `Runner`, because a session has no copy of its own: its owner's call has, of `snapshot()`.
 */

/** A machine that takes turns with others. */
interface Taking {
  run(input: { type: string }): void
}

type Waiting = { readonly machine: Taking; readonly input: { type: string } }

export class Turns {
  private readonly session: { settle(): void }
  private busy = false
  private waiting: Waiting[] | undefined

  /** `settle` is called when nothing waits any more. */
  constructor(session: { settle(): void }) {
    this.session = session
  }

  take(machine: Taking, input: { type: string }): void {
    if (this.busy) {
      this.waiting ??= []
      this.waiting.push({ machine, input })
    } else this.takeAll(machine, input)
  }

  private takeAll(machine: Taking, input: { type: string }) {
    this.busy = true
    try {
      machine.run(input)
      while (this.waiting !== undefined) this.takeWaiting(this.waiting)
    } finally {
      this.busy = false
    }
    this.session.settle()
  }

  private takeWaiting(waiting: readonly Waiting[]) {
    this.waiting = undefined
    let taken = 0
    try {
      for (const { machine, input } of waiting) {
        taken += 1
        machine.run(input)
      }
    } finally {
      if (taken < waiting.length) this.waiting = [...waiting.slice(taken), ...(this.waiting ?? [])]
    }
  }
}
