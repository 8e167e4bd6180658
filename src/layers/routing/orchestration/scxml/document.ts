/**
 * A strategy as the interpreter runs it: the states, transitions and executable content of an SCXML document
 * (W3C SCXML 1.0, §3 and §4). Plain data, made by `parse.ts`.
 */

/** Executable content (§4); `action` is an element of one of our modules: queue, dialog, ixn. */
export type Executable =
  | { kind: 'raise'; event: string }
  | { kind: 'if'; branches: readonly { cond: string | undefined; body: readonly Executable[] }[] }
  | { kind: 'log'; label: string; expr: string | undefined }
  | { kind: 'assign'; location: string; expr: string }
  | { kind: 'script'; source: string }
  | { kind: 'send'; id: string | undefined; event: Value; delay: Value; params: readonly Param[] }
  | { kind: 'cancel'; sendid: Value }
  | { kind: 'action'; name: string; attributes: Readonly<Record<string, Value>>; targets: readonly Value[] }

/** An attribute: written out, or the ECMAScript of its twin ending in `expr`. */
export type Value = { literal: string } | { expr: string }
export type Param = { name: string; expr: string }

export type Transition = {
  /** Event descriptors (§3.12.1); empty: taken without an event. */
  events: readonly string[]
  cond: string | undefined
  target: string | undefined
  internal: boolean
  body: readonly Executable[]
}

export type StateNode = {
  id: string
  kind: 'state' | 'final'
  /** Ids from the outermost ancestor to the parent. */
  ancestors: readonly string[]
  /** The child that is entered with it; none in an atomic state. */
  initial: string | undefined
  onentry: readonly Executable[]
  onexit: readonly Executable[]
  transitions: readonly Transition[]
  /** Of a final state: what its `donedata` says. */
  donedata: readonly Param[]
}

export type Document = {
  name: string
  initial: string
  data: readonly { id: string; expr: string | undefined }[]
  scripts: readonly string[]
  states: Readonly<Record<string, StateNode>>
}
