/** One machine of an owner: its state, its data, the timers that run for it, and what its copy does not know yet. */
import type { Clock, Timer } from '../runtime/runtime.ts'
import { type Change, changedFields, type InstanceSnapshot } from './batch.ts'
import { inputOf, mayRun, type Shape } from './shape.ts'

/** What an instance needs of its runner. */
export interface Surrounding {
  readonly clock: Clock
  /** Whether there may be a copy that has to be told of changes. */
  readonly copied: boolean
  take(instance: Instance, input: { type: string }): void
}

type Running = { readonly name: string; readonly timer: Timer; readonly due: number }
type Data = Readonly<Record<string, unknown>>
type Input = { type: string }

export class Instance {
  readonly id: string
  readonly shape: Shape
  readonly #runner: Surrounding
  /** Few at a time: found by looking at each. */
  #timers: Running[] | undefined
  #timersChanged: Record<string, number | null> | undefined
  /** The data as the copy has it, once there is one. */
  #copied: Data | undefined
  state: string
  data: Data
  gone = false

  constructor(id: string, shape: Shape, state: string, data: Data, runner: Surrounding) {
    this.id = id
    this.shape = shape
    this.state = state
    this.data = data
    this.#runner = runner
  }

  feed(input: Input): void {
    this.#runner.take(this, input)
  }

  /** Timers belong to states: those that may not run in the new one are stopped. */
  enter(state: string): void {
    if (state === this.state) return
    this.state = state
    const timers = this.#timers
    if (timers === undefined) return
    for (let at = timers.length - 1; at >= 0; at--) {
      const name = timers[at]?.name ?? ''
      if (!mayRun(this.shape, name, state)) this.stop(name)
    }
  }

  start(timer: string, after: number): void {
    if (!mayRun(this.shape, timer, this.state)) {
      throw new TypeError(`${this.shape.machine.name}: timer ${timer} may not run in state ${this.state}`)
    }
    this.#remove(timer)?.timer.cancel()
    const { clock } = this.#runner
    const expire = (): void => {
      this.#remove(timer)
      this.#timerChanged(timer, null)
      this.feed(inputOf(this.shape, timer, clock.wall()))
    }
    this.#timers ??= []
    this.#timers.push({ name: timer, timer: clock.after(after, expire), due: clock.monotonic() + after })
    this.#timerChanged(timer, after)
  }

  stop(timer: string): void {
    const running = this.#remove(timer)
    if (running === undefined) return
    running.timer.cancel()
    this.#timerChanged(timer, null)
  }

  leave(): void {
    this.gone = true
    if (this.#timers === undefined) return
    for (const { timer } of this.#timers) timer.cancel()
    this.#timers = undefined
  }

  /** What changed since the last call; undefined for one that came and went in between. */
  change(): Change | undefined {
    const machine = this.shape.machine.name
    if (this.gone) {
      if (this.#copied === undefined) return undefined
      return { id: this.id, machine, state: undefined, fields: {}, dropped: [], timers: {} }
    }
    const { fields, dropped } = changedFields(this.#copied, this.data)
    const timers = this.#timersChanged ?? {}
    this.#copied = this.data
    this.#timersChanged = undefined
    return { id: this.id, machine, state: this.state, fields, dropped, timers }
  }

  snapshot(): InstanceSnapshot {
    const now = this.#runner.clock.monotonic()
    const timers: Record<string, number> = {}
    for (const { name, due } of this.#timers ?? []) timers[name] = Math.max(0, due - now)
    return { id: this.id, machine: this.shape.machine.name, state: this.state, data: this.data, timers }
  }

  #remove(timer: string): Running | undefined {
    const timers = this.#timers
    if (timers === undefined) return undefined
    for (let at = 0; at < timers.length; at++)
      if (timers[at]?.name === timer) {
        const [running] = timers.splice(at, 1)
        return running
      }
    return undefined
  }

  #timerChanged(timer: string, left: number | null): void {
    if (!this.#runner.copied) return
    this.#timersChanged ??= {}
    this.#timersChanged[timer] = left
  }
}
