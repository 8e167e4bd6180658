/**
 * Runs the machines of one owner (a call; for a proxy, one transaction). Inputs take turns in one queue. Where the
 * owner has a copy, a batch per event-loop turn tells it what changed, and effects are performed when it has
 * acknowledged: the copy never knows less than the network. Where it has none, effects are performed at once.
 */
import type { Log } from '../log/log.ts'
import type { Counter, Metrics } from '../metrics/metrics.ts'
import type { Clock, Timer } from '../runtime/runtime.ts'
import type { Batch, Change, Performed, Snapshot } from './batch.ts'
import { Instance, type Surrounding } from './instance.ts'
import type { Machine, Step } from './machine.ts'
import { type AnyMachine, shapeOf } from './shape.ts'

/** Effects that the runner performs itself. */
export type TimerEffect =
  | { readonly type: 'start'; readonly timer: string; readonly after: number }
  | { readonly type: 'stop'; readonly timer: string }

/** Who copies; the hot standby of a pair. */
interface Replica<Effect> {
  /** False while there is nobody: no batches are made then, and a snapshot is taken when there is again. */
  readonly active: boolean
  /** Calls `acknowledged` when the copy has it, or when there is no copy any more; at once or later. */
  replicate(batch: Batch<Effect>, acknowledged: () => void): void
}

export interface Owner<Effect> {
  readonly name: string
  /** Performs one effect of an instance. What it feeds in waits until all effects of the step are done. */
  perform(effect: Effect, id: string): void
  /** A cell or an effect threw: the owner is to end, the process is not. Called once; nothing runs afterwards. */
  broken(error: unknown): void
  readonly replica?: Replica<Effect>
}

/** What the runners of one process share. */
export type Surroundings = {
  readonly clock: Clock
  readonly log: Log
  /** Inputs that met an empty cell. */
  readonly unexpected: Counter<'machine' | 'state' | 'input'>
}

export function runnerSurroundings(clock: Clock, log: Log, metrics: Metrics): Surroundings {
  const unexpected = metrics.counter('ringmain_machine_unexpected_total', 'Inputs without a meaning in their state', [
    'machine',
    'state',
    'input',
  ])
  return { clock, log, unexpected }
}

/** A machine at work, with its types. */
export interface Handle<State, Input, Data> {
  readonly id: string
  readonly state: State
  readonly data: Data
  feed(input: Input): void
}

/** How long a copy may think that an effect it holds was perhaps not performed. */
const confirmAfter = 100

type Input = { type: string }
type Outstanding<Effect> = {
  readonly sequence: number
  readonly effects: readonly Performed<Effect>[]
  acknowledged: boolean
}

export class Runner<Effect extends { type: string }> implements Surrounding {
  readonly #surroundings: Surroundings
  readonly #owner: Owner<Effect>
  readonly #instances = new Map<string, Instance>()
  #queue: { instance: Instance; input: Input }[] = []
  #busy = false
  #closed = false

  /** Nothing is noted while there is no copy: most owners have none. */
  #changed: Set<Instance> | undefined
  #effects: Performed<Effect>[] = []
  /** Batches whose effects have not been performed, oldest first. */
  #outstanding: Outstanding<Effect>[] = []
  #sequence = 0
  #performed = 0
  /** What the copy was told of `#performed`. */
  #told = 0
  #confirming: Timer | undefined
  #ended = false
  #flushing = false

  constructor(surroundings: Surroundings, owner: Owner<Effect>) {
    this.#surroundings = surroundings
    this.#owner = owner
  }

  /** For its instances. */
  get clock(): Clock {
    return this.#surroundings.clock
  }

  /** For its instances. */
  get copied(): boolean {
    return this.#owner.replica !== undefined
  }

  /** Adds an instance with its first step; an id may be used again when its instance has ended. */
  add<S extends string, I extends Input, D extends object, E extends Effect | TimerEffect>(
    id: string,
    machine: Machine<S, I, D, E>,
    first: Step<S, D, E> | { state: S; data: D },
  ): Handle<S, I, D> {
    if (this.#instances.has(id)) throw new TypeError(`${this.#owner.name} has an instance ${id} already`)
    const instance = this.#put(id, machine, first.state, first.data)
    this.#mark(instance)
    if ('effects' in first && first.effects.length > 0) {
      this.#guarded(() => this.#apply(instance, first.state, first.data, first.effects))
    }
    return instance as unknown as Handle<S, I, D>
  }

  /** The instance of that id, if it is one of `machine`. */
  find<S extends string, I extends Input, D, E>(id: string, machine: Machine<S, I, D, E>): Handle<S, I, D> | undefined {
    const instance = this.#instances.get(id)
    return instance?.shape.machine === machine ? (instance as unknown as Handle<S, I, D>) : undefined
  }

  /** Feeds by id; false when there is no such instance (any more). */
  feed(id: string, input: Input): boolean {
    const instance = this.#instances.get(id)
    if (instance === undefined) return false
    this.take(instance, input)
    return true
  }

  /** An input of one of its instances. */
  take(instance: Instance, input: Input): void {
    if (this.#closed || instance.gone) return
    if (this.#busy) this.#queue.push({ instance, input })
    else this.#guarded(() => this.#step(instance, input))
  }

  /** Takes an instance away, whatever its state; its timers stop. Harmless when it has gone. */
  remove(id: string): void {
    const instance = this.#instances.get(id)
    if (instance) this.#remove(instance)
  }

  get size(): number {
    return this.#instances.size
  }

  /** Ends the owner: timers stop, inputs are dropped, effects already decided are still performed. */
  end(): void {
    if (this.#closed) return
    this.#stop()
    this.#ended = true
    if (this.#replicated()) this.#needFlush()
  }

  /** As it is now; everything replicated before is in it. */
  snapshot(): Snapshot<Effect> {
    if (this.#flushing) this.#flush()
    const pending = this.#outstanding.flatMap(({ sequence, effects }) => effects.map((one) => ({ ...one, sequence })))
    const instances = [...this.#instances.values()].map((instance) => {
      instance.change()
      return instance.snapshot()
    })
    return { owner: this.#owner.name, sequence: this.#sequence, instances, effects: pending, ended: this.#ended }
  }

  /** Goes on from a snapshot: timers with what they had left, then the effects nobody may have performed. */
  restore(snapshot: Snapshot<Effect>, machines: Readonly<Record<string, AnyMachine>>): void {
    this.#sequence = snapshot.sequence
    this.#performed = snapshot.sequence
    for (const { id, machine: name, state, data, timers } of snapshot.instances) {
      const machine = machines[name]
      if (machine === undefined) throw new TypeError(`${snapshot.owner}: there is no machine ${name}`)
      const instance = this.#put(id, machine, state, data)
      for (const [timer, left] of Object.entries(timers)) instance.start(timer, left)
      this.#mark(instance)
    }
    this.#guarded(() => {
      for (const { id, effect } of snapshot.effects) this.#emit(id, effect)
    })
    if (snapshot.ended) this.end()
  }

  #put(id: string, machine: AnyMachine, state: string, data: object): Instance {
    const instance = new Instance(id, shapeOf(machine), state, data as Instance['data'], this)
    this.#instances.set(id, instance)
    return instance
  }

  /** The only catch-all: a bug ends this owner alone, since the same input would kill the copy too. */
  #guarded(work: () => void): void {
    const outermost = !this.#busy
    this.#busy = true
    try {
      work()
      if (outermost) this.#drain()
    } catch (error) {
      if (!outermost) throw error
      this.#break(error)
    } finally {
      if (outermost) this.#busy = false
    }
  }

  #drain(): void {
    for (;;) {
      if (this.#queue.length > 0) this.#takeWaiting()
      else if (this.#outstanding[0]?.acknowledged) this.#performOldest()
      else return
    }
  }

  #takeWaiting(): void {
    const waiting = this.#queue
    this.#queue = []
    for (const { instance, input } of waiting) {
      if (!this.#closed && !instance.gone) this.#step(instance, input)
    }
  }

  /** In the order of the batches, whatever order they are acknowledged in. */
  #performOldest(): void {
    const { sequence, effects } = this.#outstanding.shift() as Outstanding<Effect>
    for (const { id, effect } of effects) this.#owner.perform(effect, id)
    this.#performed = sequence
    if (effects.length > 0 && this.#outstanding.length === 0) this.#confirm()
  }

  /** Usually the next batch says that these were performed; where none follows soon, one without changes does. */
  #confirm(): void {
    this.#confirming ??= this.#surroundings.clock.after(confirmAfter, () => {
      this.#confirming = undefined
      if (this.#owner.replica?.active && this.#told < this.#performed) this.#needFlush()
    })
  }

  #step(instance: Instance, input: Input): void {
    const cell = instance.shape.rows[instance.state]?.[input.type]
    if (cell === undefined) {
      this.#countUnexpected(instance, input)
      return
    }
    const { state, data, effects } = cell(instance.data, input)
    this.#apply(instance, state, data, effects as readonly (Effect | TimerEffect)[])
  }

  #apply(instance: Instance, state: string, data: object, effects: readonly (Effect | TimerEffect)[]): void {
    instance.enter(state)
    instance.data = data as Instance['data']
    this.#mark(instance)
    for (const effect of effects) {
      if (effect.type === 'start') instance.start((effect as TimerEffect).timer, (effect as { after: number }).after)
      else if (effect.type === 'stop' && 'timer' in effect) instance.stop((effect as TimerEffect).timer)
      else this.#emit(instance.id, effect as Effect)
    }
    if (instance.shape.final.has(state)) this.#remove(instance)
  }

  #countUnexpected(instance: Instance, input: Input): void {
    const at = { machine: instance.shape.machine.name, state: instance.state, input: input.type }
    this.#surroundings.unexpected.of(at).inc()
    this.#surroundings.log.debug({ owner: this.#owner.name, id: instance.id, ...at }, 'input without a meaning here')
  }

  #remove(instance: Instance): void {
    instance.leave()
    if (this.#instances.get(instance.id) === instance) this.#instances.delete(instance.id)
    this.#mark(instance)
  }

  #replicated(): boolean {
    return this.#owner.replica?.active === true || this.#outstanding.length > 0 || this.#effects.length > 0
  }

  #mark(instance: Instance): void {
    if (this.#owner.replica === undefined || !this.#replicated()) return
    this.#changed ??= new Set()
    this.#changed.add(instance)
    this.#needFlush()
  }

  #emit(id: string, effect: Effect): void {
    if (!this.#replicated()) {
      this.#owner.perform(effect, id)
      return
    }
    this.#effects.push({ id, effect })
    this.#needFlush()
  }

  #needFlush(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#surroundings.clock.turn(() => {
      if (this.#flushing) this.#flush()
    })
  }

  #flush(): void {
    this.#flushing = false
    const changes = [...(this.#changed ?? [])]
      .map((instance) => instance.change())
      .filter((change): change is Change => !!change)
    this.#changed = undefined
    const effects = this.#effects
    this.#effects = []
    const waiting: Outstanding<Effect> = { sequence: ++this.#sequence, effects, acknowledged: false }
    this.#outstanding.push(waiting)
    const acknowledged = (): void => {
      waiting.acknowledged = true
      if (!this.#busy) this.#guarded(() => {})
    }
    const { name: owner, replica } = this.#owner
    this.#told = this.#performed
    const batch = {
      owner,
      sequence: waiting.sequence,
      performed: this.#performed,
      changes,
      effects,
      ended: this.#ended,
    }
    if (replica?.active) replica.replicate(batch, acknowledged)
    else acknowledged()
  }

  #stop(): void {
    this.#closed = true
    this.#queue = []
    for (const instance of this.#instances.values()) instance.leave()
    this.#instances.clear()
  }

  #break(error: unknown): void {
    if (this.#closed) {
      this.#surroundings.log.error(
        { owner: this.#owner.name, err: error },
        'an effect failed after the end of its owner',
      )
      return
    }
    this.end()
    this.#owner.broken(error)
  }
}
