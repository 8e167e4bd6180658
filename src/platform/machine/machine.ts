/**
 * State machines as tables: from state and input to a step. An empty cell means "no meaning here". Machines are pure
 * and synchronous; their data is plain and immutable, so that a standby can go on from a copy of it.
 */

/** What a transition yields. */
export type Step<State, Data, Effect> = { state: State; data: Data; effects: readonly Effect[] }

/** The input of type `T`, also where one member of the union has several types. */
type InputOf<Input, T> = Input extends { type: infer U } ? (T extends U ? Input & { type: T } : never) : never

export type Machine<State extends string, Input extends { type: string }, Data, Effect> = {
  readonly name: string
  /** The states in which each timer may run; entering any other state stops it. */
  readonly timers: Readonly<Record<string, readonly State[]>>
  readonly states: {
    readonly [S in State]: {
      readonly [T in Input['type']]?: (
        data: Data,
        input: InputOf<Input, T>,
      ) => Step<NoInfer<State>, NoInfer<Data>, NoInfer<Effect>>
    }
  }
}

/** One transition; `undefined` where the table has no cell. */
export function step<State extends string, Input extends { type: string }, Data, Effect>(
  machine: Machine<State, Input, Data, Effect>,
  state: State,
  data: Data,
  input: Input,
): Step<State, Data, Effect> | undefined {
  const cell = machine.states[state][input.type as Input['type']]
  return cell?.(data, input as InputOf<Input, Input['type']>)
}
