/**
 * What every test on virtual time ends with, whatever it has done: in time nothing is open any more. No transaction, no
 * session, no call is left of calls that were answered, refused, lost or never ended by anybody; and once its components
 * are stopped a host has no timer left.
 */
import { onTestFinished } from 'vitest'
import { Gauges } from './gauges.ts'
import type { World } from './world.ts'

const counted = ['calls_active', 'sip_sessions', 'sip_transactions'] as const
/** ms: an INVITE that nobody answers lives for three minutes and a half. */
const patience = 300_000
/** ms in which the other ends of connections that were closed are told so. */
const closing = 5_000

/** A component that was started on the host of its own name. */
type Watched = { readonly host: string; readonly gauges: Gauges; stop?: () => Promise<void> }

export class Leftovers {
  private readonly world: World
  private readonly watched = new Map<string, Watched>()

  /** `quiet`: has those stop who ask something from time to time by themselves. */
  constructor(world: World, quiet: () => void) {
    this.world = world
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') return
      quiet()
      await world
        .runUntil(() => this.isQuiet, patience)
        .catch((error: Error) => {
          throw new Error(`something is left open: ${JSON.stringify(this.open)}`, { cause: error })
        })
      await this.stop()
    })
  }

  /** What a component on this host is to be given, and how it is stopped, once that is known. */
  watch(host: string, inner?: ConstructorParameters<typeof Gauges>[0]): Gauges {
    const gauges = new Gauges(inner)
    this.watched.set(host, { host, gauges })
    return gauges
  }

  started(host: string, stop: () => Promise<void>): void {
    const watched = this.watched.get(host)
    if (watched) watched.stop = stop
  }

  /** Nothing is asked of it any more. */
  crashed(host: string): void {
    this.watched.delete(host)
  }

  get open(): Record<string, number> {
    return Object.fromEntries(counted.map((name) => [name, this.sum(name)]))
  }

  private get isQuiet(): boolean {
    return counted.every((name) => this.sum(name) === 0)
  }

  private sum(name: string): number {
    return [...this.watched.values()].reduce((sum, { gauges }) => sum + gauges.sum(name), 0)
  }

  private async stop() {
    const { world } = this
    for (const { stop } of this.watched.values()) if (stop) await world.complete(stop())
    await world.run(closing)
    const left = [...this.watched.keys()].map((host) => [host, world.pending(host)]).filter(([, count]) => count !== 0)
    if (left.length > 0) throw new Error(`timers run on hosts whose components have stopped: ${JSON.stringify(left)}`)
  }
}
