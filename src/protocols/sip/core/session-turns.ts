/**
 * The machines of one session take turns: what a user or an effect feeds in meanwhile waits until the step is done.
 * Not the platform's `Runner`, because a session has no copy of its own: its owner's call has, of `snapshot()`.
 */
import type { Machine } from '#platform/machine/machine.ts'
import { type Drive, Running } from '../transaction/running.ts'

export class Turns {
  private readonly session: { settle(): void }
  private busy = false
  private waiting: (() => void)[] = []

  /** `settle` is called when nothing waits any more. */
  constructor(session: { settle(): void }) {
    this.session = session
  }

  take<Input>(machine: { run(input: Input): void }, input: Input): void {
    if (this.busy) this.waiting.push(() => machine.run(input))
    else this.takeAll(machine, input)
  }

  private takeAll<Input>(machine: { run(input: Input): void }, input: Input) {
    this.busy = true
    try {
      machine.run(input)
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next()
    } finally {
      this.busy = false
    }
    this.session.settle()
  }
}

/** Who performs the effects of a machine. */
export interface Performer<Effect> {
  perform(effect: Effect): void
  /** The machine has reached Terminated, its effects are done; called once. */
  terminated(): void
}

type Untimed<Effect> = Exclude<Effect, { readonly type: 'start'; readonly timer: string; readonly after: number }>

export class MachineInTurn<
  State extends string,
  Input extends { type: string },
  Data,
  Effect extends { type: string },
> extends Running<State, Input, Data, Effect> {
  private readonly turns: Turns
  private readonly performer: Performer<Untimed<Effect>>

  constructor(
    drive: Drive,
    machine: Machine<State, Input, Data, Effect>,
    first: { readonly state: State; readonly data: Data },
    turns: Turns,
    performer: Performer<Untimed<Effect>>,
  ) {
    super(drive, machine, { ...first, effects: [] })
    this.turns = turns
    this.performer = performer
  }

  override input(input: Input): void {
    this.turns.take(this, input)
  }

  /** For `Turns`. */
  run(input: Input): void {
    super.input(input)
  }

  /** State and data as they are now. */
  snapshot(): { readonly state: State; readonly data: Data } {
    return { state: this.state, data: this.data }
  }

  protected perform(effect: Untimed<Effect>): void {
    this.performer.perform(effect)
  }

  protected terminated(): void {
    this.performer.terminated()
  }
}
