/**
 * The sandbox in a worker thread. QuickJS's own budget stops loops; a script stuck inside one native operation is
 * stopped by ending the thread: that session is failed, all others go on in a new thread from their snapshots.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { OpenSandbox, Sandbox } from './sandbox.ts'
import type { Command, Outcome, Snapshot } from './strategy-host.ts'

/** Milliseconds a turn's commands may take before the thread is ended. */
const patience = 500
/** So many ends of sessions wait for a command that wants an answer: each message wakes the thread, and this one. */
const mostEnds = 64

type Known = { strategy: string; snapshot: Snapshot }
type Reply = { done: number; outcomes: readonly Outcome[] }

class ThreadedSandbox implements Sandbox {
  private readonly clock: Clock
  private readonly told: (outcome: Outcome) => void
  private worker: Worker | undefined
  private watch: Timer | undefined
  private closed = false
  /** What the thread has been given and not answered yet, then what waits for the end of this turn. */
  private running: readonly Command[] = []
  private waiting: Command[] = []
  private isPosting = false
  /** So many of those that wait are given to the thread one at a time. */
  private suspects = 0
  private readonly strategies = new Map<string, Command>()
  private readonly names = new Map<string, string>()
  private readonly known = new Map<string, Known>()

  constructor(clock: Clock, told: (outcome: Outcome) => void) {
    this.clock = clock
    this.told = told
  }

  async open(): Promise<void> {
    const worker = new Worker(new URL('./sandbox-worker.js', import.meta.url))
    this.worker = worker
    await once(worker, 'message')
    worker.on('message', (reply: Reply) => this.worker === worker && this.answered(reply))
    worker.once('error', () => this.worker === worker && this.replace('the sandbox ended with an error'))
  }

  run(command: Command): void {
    if (this.closed) return
    if (command.type === 'publish') this.strategies.set(command.document.name, command)
    if (command.type === 'start') this.names.set(command.session, command.strategy)
    if (command.type === 'end') this.forget(command.session)
    this.waiting.push(command)
    if (command.type !== 'end' || this.waiting.length >= mostEnds) this.postSoon()
  }

  async close(): Promise<void> {
    this.closed = true
    this.watch?.cancel()
    await this.worker?.terminate()
  }

  private postSoon(): void {
    if (this.isPosting) return
    this.isPosting = true
    this.clock.turn(() => {
      this.isPosting = false
      this.post()
    })
  }

  /** One message a turn; the next one leaves when it is answered, so that a stuck command is known. */
  private post(): void {
    if (this.running.length > 0 || this.waiting.length === 0 || this.closed || !this.worker) return
    this.running = this.waiting.splice(0, this.suspects > 0 ? 1 : this.waiting.length)
    this.suspects = Math.max(0, this.suspects - 1)
    this.watch = this.clock.after(patience, () => this.replace('a script did not come to an end'))
    this.worker.postMessage(this.running)
  }

  private answered({ outcomes }: Reply): void {
    this.watch?.cancel()
    this.running = []
    for (const outcome of outcomes) this.keep(outcome)
    for (const outcome of outcomes) this.told(outcome)
    if (this.waiting.some(({ type }) => type !== 'end')) this.post()
  }

  private keep(outcome: Outcome): void {
    const strategy = this.names.get(outcome.session)
    if (strategy === undefined) return
    if (outcome.type === 'stepped' && outcome.snapshot) {
      this.known.set(outcome.session, { strategy, snapshot: outcome.snapshot })
    } else this.forget(outcome.session)
  }

  private forget(session: string): void {
    this.names.delete(session)
    this.known.delete(session)
  }

  /** A new thread with all strategies and sessions; what ran is tried again one by one, and alone it is found guilty. */
  private replace(problem: string): void {
    const before = this.worker
    this.worker = undefined
    this.watch?.cancel()
    const ran = this.running
    this.running = []
    const guilty = ran.length === 1 && ran[0] && 'session' in ran[0] ? ran[0].session : undefined
    if (guilty !== undefined) this.forget(guilty)
    void before?.terminate()
    void this.open().then(() => {
      this.waiting = [...this.restoring(), ...(guilty === undefined ? ran : []), ...this.waiting]
      this.suspects = this.waiting.length
      if (guilty !== undefined) this.told({ type: 'failed', session: guilty, problem })
      this.post()
    })
  }

  private restoring(): Command[] {
    const sessions = [...this.known].map(
      ([session, { strategy, snapshot }]): Command => ({ type: 'restore', session, strategy, snapshot }),
    )
    return [...this.strategies.values(), ...sessions]
  }
}

export const threaded =
  (clock: Clock): OpenSandbox =>
  async (told) => {
    const sandbox = new ThreadedSandbox(clock, told)
    await sandbox.open()
    return sandbox
  }
