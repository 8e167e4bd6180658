/** Drives one transaction that has no standby: steps, timers, effects. Those with one are driven by their call's runner. */
import { type Machine, type Step, step } from '#platform/machine/machine.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'

type TimerEffect = { readonly type: 'start'; readonly timer: string; readonly after: number }

/** What every driver of one layer shares. */
export type Drive = {
  readonly clock: Clock
  /** An input without a cell in the table. */
  unexpected(machine: string, state: string, input: string): void
}

export abstract class Running<
  State extends string,
  Input extends { type: string },
  Data,
  Effect extends { type: string },
> {
  private readonly machine: Machine<State, Input, Data, Effect>
  private readonly drive: Drive
  private timers: { readonly name: string; readonly timer: Timer }[] = []
  private now: State
  protected data: Data

  constructor(drive: Drive, machine: Machine<State, Input, Data, Effect>, first: Step<State, Data, Effect>) {
    this.drive = drive
    this.machine = machine
    this.now = first.state
    this.data = first.data
  }

  get state(): State {
    return this.now
  }

  /** Performs everything but the starting of timers. */
  protected abstract perform(effect: Exclude<Effect, TimerEffect>): void
  /** The machine has reached Terminated; called once. */
  protected abstract terminated(): void

  input(input: Input): void {
    const next = step(this.machine, this.now, this.data, input)
    if (next === undefined) this.drive.unexpected(this.machine.name, this.now, input.type)
    else this.enter(next)
  }

  protected enter(next: Step<State, Data, Effect>): void {
    const moved = next.state !== this.now
    this.now = next.state
    this.data = next.data
    if (moved) this.stopTimers()
    for (const effect of next.effects) {
      if (isStart(effect)) this.start(effect)
      else this.perform(effect as Exclude<Effect, TimerEffect>)
    }
    if (moved && next.state === 'Terminated') this.terminated()
  }

  /** Stops every timer; nothing happens any more unless there is another input. */
  stop(): void {
    for (const { timer } of this.timers) timer.cancel()
    this.timers = []
  }

  private start({ timer: name, after }: TimerEffect) {
    this.restart(name)
    const timer = this.drive.clock.after(after, () => {
      this.timers = this.timers.filter((running) => running.timer !== timer)
      this.input({ type: `timer${name}` } as Input)
    })
    this.timers.push({ name, timer })
  }

  /** A timer runs once: starting it again is starting it anew. */
  private restart(name: string) {
    for (let index = 0; index < this.timers.length; index++)
      if (this.timers[index]?.name === name) {
        this.timers[index]?.timer.cancel()
        this.timers.splice(index, 1)
        return
      }
  }

  /** Those that have no business in the state just entered. */
  private stopTimers() {
    const { timers } = this
    if (timers.length === 0) return
    this.timers = []
    for (const running of timers) {
      if (this.machine.timers[running.name]?.includes(this.now)) this.timers.push(running)
      else running.timer.cancel()
    }
  }
}

const isStart = (effect: { type: string }): effect is TimerEffect => effect.type === 'start'
