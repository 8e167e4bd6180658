/**
 * The SCXML algorithm (W3C SCXML 1.0, appendix D) for compound, atomic and final states: one external event in, one
 * macrostep, effects out. Pure but for the `Evaluator` it is given, which owns the ECMAScript datamodel.
 */
import type { Document, Executable, StateNode, Transition, Value } from './document.ts'

export type StrategyEvent = { readonly name: string; readonly data?: Readonly<Record<string, unknown>> }

/** Plain data: a session goes on from this and the datamodel's snapshot. */
export type Session = {
  /** Active states from the outermost to the atomic one; empty when the session has ended. */
  readonly configuration: readonly string[]
}

export type Effect =
  | { type: 'action'; name: string; attributes: Readonly<Record<string, string>>; targets: readonly string[] }
  | { type: 'send'; id: string | undefined; event: StrategyEvent; delay: number }
  | { type: 'cancel'; id: string }
  | { type: 'log'; text: string }
  /** A top-level final state was entered. */
  | { type: 'finished' }

/** ECMAScript over the session's datamodel. Throws `Error` where the expression does; `StrategyFailed` ends the session. */
export interface Evaluator {
  /** `_event` of what is evaluated from now on. */
  event(event: StrategyEvent | undefined): void
  value(expr: string): unknown
  assign(location: string, expr: string): void
  script(source: string): void
  declare(id: string, expr: string | undefined): void
}

/** Beyond this many microsteps on one event the strategy turns in circles. */
const mostMicrosteps = 1000

class StrategyLoops extends Error {}

export function start(document: Document, evaluator: Evaluator): { session: Session; effects: Effect[] } {
  const run = new Run(document, { configuration: [] }, evaluator)
  run.begin()
  return run.result()
}

export function send(document: Document, session: Session, event: StrategyEvent, evaluator: Evaluator) {
  const run = new Run(document, session, evaluator)
  run.external(event)
  return run.result()
}

/** One macrostep. */
class Run {
  private readonly document: Document
  private readonly evaluator: Evaluator
  private readonly effects: Effect[] = []
  private readonly queue: StrategyEvent[] = []
  private configuration: readonly string[]
  private steps = 0

  constructor(document: Document, session: Session, evaluator: Evaluator) {
    this.document = document
    this.configuration = session.configuration
    this.evaluator = evaluator
  }

  result() {
    return { session: { configuration: this.configuration }, effects: this.effects }
  }

  begin(): void {
    this.evaluator.event(undefined)
    for (const { id, expr } of this.document.data) this.attempt(() => this.evaluator.declare(id, expr))
    for (const source of this.document.scripts) this.attempt(() => this.evaluator.script(source))
    this.enter(this.document.initial, undefined)
    this.settle()
  }

  external(event: StrategyEvent): void {
    this.evaluator.event(event)
    const transition = this.enabled(event.name)
    if (transition) this.take(transition)
    this.settle()
  }

  /** Eventless transitions and internal events until nothing is enabled any more. */
  private settle(): void {
    while (this.configuration.length > 0) {
      const eventless = this.enabled(undefined)
      if (eventless) {
        this.take(eventless)
        continue
      }
      const event = this.queue.shift()
      if (!event) return
      this.evaluator.event(event)
      const transition = this.enabled(event.name)
      if (transition) this.take(transition)
    }
  }

  /** The innermost, first written transition that matches (selectTransitions). */
  private enabled(event: string | undefined): { source: StateNode; transition: Transition } | undefined {
    for (let i = this.configuration.length - 1; i >= 0; i--) {
      const source = this.node(this.configuration[i] ?? '')
      for (const transition of source.transitions) {
        if (this.matches(transition, event)) return { source, transition }
      }
    }
    return undefined
  }

  private matches(transition: Transition, event: string | undefined): boolean {
    if (event === undefined ? transition.events.length > 0 : !transition.events.some((d) => describes(d, event))) {
      return false
    }
    const { cond } = transition
    // §5.9.1: a condition that throws is false, and error.execution is raised.
    return cond === undefined || this.attempt(() => Boolean(this.evaluator.value(cond))) === true
  }

  private take({ source, transition }: { source: StateNode; transition: Transition }): void {
    if (++this.steps > mostMicrosteps) throw new StrategyLoops(`took ${mostMicrosteps} transitions on one event`)
    const { target, body } = transition
    if (target === undefined) {
      this.execute(body)
      return
    }
    const domain = this.domain(source, transition, target)
    const kept = domain === undefined ? 0 : this.configuration.indexOf(domain) + 1
    for (const id of this.configuration.slice(kept).reverse()) this.execute(this.node(id).onexit)
    this.configuration = this.configuration.slice(0, kept)
    this.execute(body)
    this.enter(target, domain)
  }

  /** getTransitionDomain: the innermost active state that is a proper ancestor of source and target. */
  private domain(source: StateNode, transition: Transition, target: string): string | undefined {
    const { ancestors } = this.node(target)
    if (transition.internal && source.initial !== undefined && ancestors.includes(source.id)) return source.id
    return source.ancestors.findLast((ancestor) => ancestors.includes(ancestor))
  }

  /** Enters the target, its ancestors inside `domain`, and their initial children. */
  private enter(target: string, domain: string | undefined): void {
    const { ancestors } = this.node(target)
    const path = [...ancestors.slice(domain === undefined ? 0 : ancestors.indexOf(domain) + 1), target]
    let last = this.node(target)
    while (last.initial !== undefined) {
      const next = this.node(last.initial)
      path.push(...next.ancestors.slice(next.ancestors.indexOf(last.id) + 1), next.id)
      last = next
    }
    for (const id of path) {
      this.configuration = [...this.configuration, id]
      this.execute(this.node(id).onentry)
    }
    if (last.kind === 'final') this.done(last)
  }

  private done(state: StateNode): void {
    const parent = state.ancestors.at(-1)
    if (parent !== undefined) {
      this.queue.push({ name: `done.state.${parent}`, data: this.params(state.donedata) })
      return
    }
    for (const id of [...this.configuration].reverse()) this.execute(this.node(id).onexit)
    this.configuration = []
    this.effects.push({ type: 'finished' })
  }

  /** §4: an error ends the block and raises error.execution. */
  private execute(body: readonly Executable[]): void {
    this.attempt(() => {
      for (const item of body) this.one(item)
    })
  }

  private one(item: Executable): void {
    switch (item.kind) {
      case 'raise':
        this.queue.push({ name: item.event })
        return
      case 'if':
        for (const inner of this.branch(item.branches)) this.one(inner)
        return
      case 'log':
        this.effects.push({ type: 'log', text: this.logged(item.label, item.expr) })
        return
      case 'assign':
        this.evaluator.assign(item.location, item.expr)
        return
      case 'script':
        this.evaluator.script(item.source)
        return
      case 'send':
        this.send(item)
        return
      case 'cancel':
        this.effects.push({ type: 'cancel', id: this.text(item.sendid) })
        return
      case 'action':
        this.action(item)
        return
    }
  }

  private branch(branches: Extract<Executable, { kind: 'if' }>['branches']): readonly Executable[] {
    for (const { cond, body } of branches) {
      if (cond === undefined || this.evaluator.value(cond)) return body
    }
    return []
  }

  private logged(label: string, expr: string | undefined): string {
    const value = expr === undefined ? '' : String(this.evaluator.value(expr))
    return [label, value].filter((part) => part !== '').join(': ')
  }

  private send(item: Extract<Executable, { kind: 'send' }>): void {
    const event = { name: this.text(item.event), data: this.params(item.params) }
    this.effects.push({ type: 'send', id: item.id, event, delay: milliseconds(this.text(item.delay)) })
  }

  private action(item: Extract<Executable, { kind: 'action' }>): void {
    const attributes: Record<string, string> = {}
    for (const [name, value] of Object.entries(item.attributes)) attributes[name] = this.text(value)
    const targets = item.targets.map((target) => this.text(target))
    this.effects.push({ type: 'action', name: item.name, attributes, targets })
  }

  private params(params: readonly { name: string; expr: string }[]): Record<string, unknown> {
    return Object.fromEntries(params.map(({ name, expr }) => [name, this.evaluator.value(expr)]))
  }

  private text(value: Value): string {
    return 'literal' in value ? value.literal : String(this.evaluator.value(value.expr) ?? '')
  }

  private attempt<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof StrategyError)) throw error
      this.queue.push({ name: 'error.execution', data: { message: error.message } })
      return undefined
    }
  }

  private node(id: string): StateNode {
    const node = this.document.states[id]
    if (!node) throw new StrategyLoops(`there is no state ${id}`)
    return node
  }
}

/** An expression of the strategy threw: `error.execution`, nothing worse. */
export class StrategyError extends Error {}

/** §3.12.1: `a.b` describes `a.b` and `a.b.c`; `*` everything; a trailing `.` or `.*` changes nothing. */
function describes(descriptor: string, event: string): boolean {
  if (descriptor === '*') return true
  const prefix = descriptor.replace(/\.\*?$/, '')
  return event === prefix || event.startsWith(`${prefix}.`)
}

/** CSS2 times (§4.3.1): `5s`, `1.5s`, `200ms`. Throws `StrategyError`. */
export function milliseconds(text: string): number {
  const match = /^\+?(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim())
  if (!match) throw new StrategyError(`"${text}" is no time such as 5s or 200ms`)
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000
  return Number(match[1]) * unit
}
