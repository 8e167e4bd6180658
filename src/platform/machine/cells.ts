/** The cells of a machine's table, for the tests that prove each of them exercised. */
import type { Machine } from './machine.ts'

type Row = Readonly<Record<string, unknown>>

/** Every cell that is not empty, as `State × input`. */
export function cellsOf<S extends string, I extends { type: string }, D, E>(machine: Machine<S, I, D, E>): string[] {
  const rows = Object.entries<Row>(machine.states as unknown as Record<string, Row>)
  return rows.flatMap(([state, row]) => Object.keys(row).map((input) => `${state} × ${input}`))
}

/** The same machine, noting which cells were used; `missing` names those that were not. */
export function noteCells<S extends string, I extends { type: string }, D, E>(
  machine: Machine<S, I, D, E>,
): { machine: Machine<S, I, D, E>; missing(): string[] } {
  const used = new Set<string>()
  const note = (state: string, row: Row): Row =>
    Object.fromEntries(
      Object.entries(row).map(([input, cell]) => [
        input,
        (data: unknown, given: unknown) => {
          used.add(`${state} × ${input}`)
          return (cell as (data: unknown, input: unknown) => unknown)(data, given)
        },
      ]),
    )
  const rows = Object.entries<Row>(machine.states as unknown as Record<string, Row>)
  const states = Object.fromEntries(rows.map(([state, row]) => [state, note(state, row)]))
  return {
    machine: { ...machine, states: states as unknown as typeof machine.states },
    missing: () => cellsOf(machine).filter((cell) => !used.has(cell)),
  }
}
