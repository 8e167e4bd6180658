/** What the runner wants to know of a machine at every step, worked out once. */
import type { Step } from './machine.ts'

/** Machines of all kinds live side by side; `Handle` gives each its types. */
export type AnyMachine = {
  readonly name: string
  readonly timers: Readonly<Record<string, readonly string[]>>
  readonly states: object
}

type Cell = (data: object, input: { type: string }) => Step<string, object, { type: string }>
type Row = Readonly<Record<string, Cell | undefined>>

export type Shape = {
  readonly machine: AnyMachine
  readonly rows: Readonly<Record<string, Row>>
  readonly timers: ReadonlyMap<string, ReadonlySet<string>>
  /** The states without any cell: nothing can happen to an instance there, so it has ended. */
  readonly final: ReadonlySet<string>
}

const shapes = new WeakMap<AnyMachine, Shape>()

export function shapeOf(machine: AnyMachine): Shape {
  const known = shapes.get(machine)
  if (known) return known
  const rows = machine.states as Record<string, Row>
  const shape: Shape = {
    machine,
    rows,
    timers: new Map(Object.entries(machine.timers).map(([timer, states]) => [timer, new Set<string>(states)])),
    final: new Set(Object.keys(rows).filter((state) => Object.keys(rows[state] ?? {}).length === 0)),
  }
  shapes.set(machine, shape)
  return shape
}

/** A timer that the machine does not declare belongs to no state: it runs until it is stopped. */
export const mayRun = (shape: Shape, timer: string, state: string): boolean =>
  shape.timers.get(timer)?.has(state) ?? true

/**
 * A declared timer has an input of its own, `timerA`; one made up at run time comes as `timer` with its name. `at` is
 * wall-clock time, for machines that write down when things happened.
 */
export const inputOf = (shape: Shape, timer: string, at: number): { type: string; timer: string; at: number } => ({
  type: shape.timers.has(timer) ? `timer${timer}` : 'timer',
  timer,
  at,
})
