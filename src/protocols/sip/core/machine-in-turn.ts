/** A machine of a session at work: its steps take turns with those of the session's others, its timers belong to states. */
import { type Machine, step } from '#platform/machine/machine.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Turns } from './session-turns.ts'

/** What all machines of a user agent share. */
export type Drive = {
  readonly clock: Clock
  /** An input without a cell in the table. */
  unexpected(machine: string, state: string, input: string): void
}

/** Who performs the effects of a machine. */
export interface Performer<Effect> {
  perform(effect: Effect): void
  /** The machine has reached Terminated, its effects are done; called once. */
  terminated(): void
}

type TimerEffect = { readonly type: 'start'; readonly timer: string; readonly after: number }
type Untimed<Effect> = Exclude<Effect, TimerEffect>
type Running = { readonly name: string; readonly timer: Timer }

export class MachineInTurn<
  State extends string,
  Input extends { type: string },
  Data,
  Effect extends { type: string },
> {
  state: State
  private data: Data
  private readonly machine: Machine<State, Input, Data, Effect>
  private readonly drive: Drive
  private readonly turns: Turns
  private readonly performer: Performer<Untimed<Effect>>
  /** Few at a time: found by looking at each. */
  private timers: Running[] | undefined

  constructor(
    drive: Drive,
    machine: Machine<State, Input, Data, Effect>,
    first: { readonly state: State; readonly data: Data },
    turns: Turns,
    performer: Performer<Untimed<Effect>>,
  ) {
    this.state = first.state
    this.data = first.data
    this.machine = machine
    this.drive = drive
    this.turns = turns
    this.performer = performer
  }

  input(input: Input): void {
    this.turns.take(this, input)
  }

  /** For `Turns`. */
  run(input: { type: string }): void {
    const next = step(this.machine, this.state, this.data, input as Input)
    if (next === undefined) {
      this.drive.unexpected(this.machine.name, this.state, input.type)
      return
    }
    const moved = next.state !== this.state
    this.state = next.state
    this.data = next.data
    if (moved && this.timers !== undefined) this.stopTimers(this.timers)
    for (const effect of next.effects) {
      if (isStart(effect)) this.start(effect)
      else this.performer.perform(effect as Untimed<Effect>)
    }
    if (moved && next.state === 'Terminated') this.performer.terminated()
  }

  /** State and data as they are now. */
  snapshot(): { readonly state: State; readonly data: Data } {
    return { state: this.state, data: this.data }
  }

  /** A timer runs once: starting it again is starting it anew. */
  private start({ timer: name, after }: TimerEffect) {
    this.remove(name)?.timer.cancel()
    const timer = this.drive.clock.after(after, () => {
      this.remove(name)
      this.input({ type: `timer${name}` } as Input)
    })
    this.timers ??= []
    this.timers.push({ name, timer })
  }

  private remove(name: string): Running | undefined {
    const at = this.timers?.findIndex((running) => running.name === name) ?? -1
    return at < 0 ? undefined : this.timers?.splice(at, 1)[0]
  }

  /** Those that have no business in the state just entered. */
  private stopTimers(timers: readonly Running[]) {
    const isStill = ({ name }: Running) => this.machine.timers[name]?.includes(this.state) === true
    for (const running of timers) if (!isStill(running)) running.timer.cancel()
    const left = timers.filter(isStill)
    this.timers = left.length === 0 ? undefined : left
  }
}

const isStart = (effect: { type: string }): effect is TimerEffect => effect.type === 'start'
