/**
 * The Interaction Proxy of a node: every event goes into the spool, and from there to every pool of clients
 * (concentrators), each from its own position.
 */
import type { Cell, Metrics } from '#platform/metrics/metrics.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Spool } from '#platform/spool/spool.ts'
import type { Published } from '#protocols/tlib/published.ts'
import type { Client } from '#protocols/tlib/server.ts'
import { Pool } from './pool.ts'
import { Stream } from './stream.ts'

export class InteractionProxy {
  private readonly clock: Clock
  private readonly stream: Stream
  private readonly pools = new Map<string, Pool>()
  private readonly advancing: Timer
  private readonly lost: Cell

  constructor(clock: Clock, metrics: Metrics, spool: Spool) {
    this.clock = clock
    this.stream = new Stream(spool)
    this.advancing = this.stream.advanced(() => {
      for (const pool of this.pools.values()) pool.pump()
    })
    this.lost = metrics.counter('spool_lost_total', 'Events lost: more than may waited for a failing disk').of({})
    metrics.gauge<'pool'>('spool_behind', 'Events that a pool has not been told yet', () =>
      [...this.pools.values()].map(({ name, position }) => ({
        labels: { pool: name },
        value: this.stream.next - position,
      })),
    )
  }

  /** The next event, of a call or of an agent. */
  take(published: Published): void {
    const position = this.stream.append(published)
    if (position === undefined) this.lost.inc()
    else if (!this.stream.isAhead) for (const pool of this.pools.values()) pool.offer(position, published)
  }

  /** From where the client is told, or would be. */
  positionFor(client: Client): number {
    return this.pool(client).positionFor(client.from)
  }

  join(client: Client): void {
    this.pool(client).join(client)
  }

  leave(client: Client): void {
    this.pool(client).leave(client)
  }

  acknowledge(client: Client, position: number): void {
    this.pool(client).acknowledge(client, position)
  }

  close(): void {
    this.advancing.cancel()
    for (const pool of this.pools.values()) pool.close()
  }

  /** Who names no pool is one by himself. */
  private pool({ pool, applicationName }: Client): Pool {
    const name = pool ?? applicationName
    const known = this.pools.get(name)
    if (known) return known
    const made = new Pool(name, this.clock, this.stream)
    this.pools.set(name, made)
    return made
  }
}
