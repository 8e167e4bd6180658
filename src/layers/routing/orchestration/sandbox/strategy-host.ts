/**
 * Runs strategy sessions: events in, effects out, nothing kept of a session that failed or ended. Synchronous; the
 * worker thread runs it for production, simulation calls it in the loop.
 */
import type { QuickJSWASMModule } from 'quickjs-emscripten'
import { StrategyFailed } from '../../errors.ts'
import type { Document } from '../scxml/document.ts'
import { type Effect, type Session, type StrategyEvent, send, start } from '../scxml/interpreter.ts'
import { Datamodel } from './evaluator.ts'

type Start = {
  type: 'start'
  session: string
  strategy: string
  /** Names the strategy reads: `call`, `params`. */
  names: Readonly<Record<string, unknown>>
}
export type Command =
  | { type: 'publish'; document: Document }
  | Start
  | { type: 'event'; session: string; event: StrategyEvent }
  | { type: 'restore'; session: string; strategy: string; snapshot: Snapshot }
  | { type: 'end'; session: string }

/** What a session goes on from in another host. */
export type Snapshot = { session: Session; datamodel: string }

export type Outcome =
  | { type: 'stepped'; session: string; effects: readonly Effect[]; snapshot: Snapshot | undefined }
  | { type: 'failed'; session: string; problem: string }

type Strategy = { document: Document; datamodel: Datamodel; sessions: number; retired: boolean }
type Running = { strategy: Strategy; session: Session }

export class StrategyHost {
  private readonly module: QuickJSWASMModule
  private readonly strategies = new Map<string, Strategy>()
  private readonly sessions = new Map<string, Running>()

  constructor(module: QuickJSWASMModule) {
    this.module = module
  }

  /** `undefined` where there is nothing to tell. Never throws. */
  run(command: Command): Outcome | undefined {
    if (command.type === 'publish') return this.publish(command.document)
    if (command.type === 'end') return this.end(command.session)
    try {
      return this.step(command)
    } catch (error) {
      this.end(command.session)
      return {
        type: 'failed',
        session: command.session,
        problem: error instanceof Error ? error.message : String(error),
      }
    }
  }

  dispose(): void {
    for (const session of [...this.sessions.keys()]) this.end(session)
    for (const strategy of this.strategies.values()) strategy.datamodel.dispose()
    this.strategies.clear()
  }

  /** Running sessions stay with the document they began with. */
  private publish(document: Document): undefined {
    const before = this.strategies.get(document.name)
    if (before) this.retire(before)
    const datamodel = new Datamodel(this.module, document.name)
    this.strategies.set(document.name, { document, datamodel, sessions: 0, retired: false })
  }

  private retire(strategy: Strategy): void {
    strategy.retired = true
    if (strategy.sessions === 0) strategy.datamodel.dispose()
  }

  private step(command: Exclude<Command, { type: 'publish' | 'end' }>): Outcome | undefined {
    const id = command.session
    if (command.type === 'event') return this.event(id, command.event)
    const strategy = this.strategies.get(command.strategy)
    if (!strategy) throw new StrategyFailed(command.strategy, 'there is no such strategy')
    strategy.sessions++
    if (command.type === 'restore') {
      this.sessions.set(id, { strategy, session: command.snapshot.session })
      strategy.datamodel.restore(id, command.snapshot.datamodel)
      return undefined
    }
    this.sessions.set(id, { strategy, session: { configuration: [] } })
    strategy.datamodel.open(id, { ...command.names, _sessionid: id, _name: strategy.document.name })
    return this.stepped(id, strategy, start(strategy.document, strategy.datamodel.evaluator(id)))
  }

  private event(id: string, event: StrategyEvent): Outcome | undefined {
    const running = this.sessions.get(id)
    if (!running) return undefined
    const { strategy, session } = running
    return this.stepped(id, strategy, send(strategy.document, session, event, strategy.datamodel.evaluator(id)))
  }

  private stepped(
    id: string,
    strategy: Strategy,
    { session, effects }: { session: Session; effects: Effect[] },
  ): Outcome {
    if (session.configuration.length === 0) {
      this.end(id)
      return { type: 'stepped', session: id, effects, snapshot: undefined }
    }
    this.sessions.set(id, { strategy, session })
    return { type: 'stepped', session: id, effects, snapshot: { session, datamodel: strategy.datamodel.snapshot(id) } }
  }

  private end(id: string): undefined {
    const running = this.sessions.get(id)
    if (!running) return
    this.sessions.delete(id)
    const { strategy } = running
    strategy.sessions--
    if (strategy.retired && strategy.sessions === 0) strategy.datamodel.dispose()
    else strategy.datamodel.close(id)
  }
}
