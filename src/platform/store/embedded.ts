/**
 * The embedded database as the main thread sees it: the stores that run beside it in a thread. An operation with all
 * its statements is one message there and one back; nothing of a query is made or read here.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Deferred, deferred } from '../deferred.ts'
import { ClusterError } from '../errors.ts'
import { CannotOpenDatabase, DatabaseLost, DataDirectoryInUse } from './errors.ts'
import type { Command, Reply, Start } from './messages.ts'

export interface EmbeddedDatabase {
  /**
   * The store that the module at this URL opens with its `openStore(database)`: named operations only, whose arguments
   * and results can be cloned. What they throw keeps its code. Throws `MigrationsDiffer` by its code, `DatabaseLost`.
   */
  store<Store extends object>(module: string): Promise<Store>
  /** Resolves when everything asked for before has run and the directory is free again. Harmless when called twice. */
  close(): Promise<void>
}

/** `option` is what the operator moves the directory with; errors name it. */
export type EmbeddedOptions = { readonly directory: string; readonly option: string }

/** The database in `DIR/db` of a data directory. Throws `DataDirectoryInUse`, `CannotOpenDatabase`. */
export async function openEmbedded({ directory, option }: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const start: Start = { directory }
  const worker = new Worker(new URL('./embedded-worker.js', import.meta.url), { workerData: start })
  const [reply] = (await once(worker, 'message').catch((error: unknown) => {
    throw new CannotOpenDatabase(directory, (error as Error).message, { cause: error })
  })) as [Reply]
  if (reply.type === 'open') return new DatabaseThread(worker)
  await worker.terminate()
  if (reply.type === 'in-use') throw new DataDirectoryInUse(directory, reply.holder, option)
  throw new CannotOpenDatabase(directory, reply.type === 'cannot-open' ? reply.reason : reply.type)
}

type Asked =
  | { readonly type: 'store'; readonly module: string }
  | {
      readonly type: 'call'
      readonly module: string
      readonly operation: string
      readonly arguments: readonly unknown[]
    }

class DatabaseThread implements EmbeddedDatabase {
  private readonly worker: Worker
  private readonly waiting = new Map<number, Deferred<unknown>>()
  private readonly ended = deferred<void>()
  private lost: DatabaseLost | undefined
  private next = 0

  constructor(worker: Worker) {
    this.worker = worker
    worker.on('message', (reply: Reply) => this.answered(reply))
    worker.once('error', (error) => this.end(new DatabaseLost(error.message, { cause: error })))
    worker.once('exit', () => {
      this.end(new DatabaseLost('its thread has ended'))
      this.ended.resolve()
    })
  }

  async store<Store extends object>(module: string): Promise<Store> {
    const operations = (await this.ask({ type: 'store', module })) as readonly string[]
    const call =
      (operation: string) =>
      (...given: unknown[]) =>
        this.ask({ type: 'call', module, operation, arguments: given })
    return Object.fromEntries(operations.map((operation) => [operation, call(operation)])) as Store
  }

  close(): Promise<void> {
    if (!this.lost) {
      this.say({ type: 'close' })
      this.lost = new DatabaseLost('it was closed')
    }
    return this.ended.promise
  }

  private ask(asked: Asked): Promise<unknown> {
    if (this.lost) return Promise.reject(this.lost)
    const id = this.next++
    const answer = deferred<unknown>()
    this.waiting.set(id, answer)
    this.say({ ...asked, id })
    return answer.promise
  }

  private say(command: Command): void {
    this.worker.postMessage(command)
  }

  private answered(reply: Reply): void {
    if (reply.type !== 'done' && reply.type !== 'failed') return
    const answer = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    if (reply.type === 'done') answer?.resolve(reply.result)
    else answer?.reject(reply.code === undefined ? new Error(reply.reason) : new ClusterError(reply.code, reply.reason))
  }

  private end(cause: DatabaseLost): void {
    this.lost ??= cause
    for (const answer of this.waiting.values()) answer.reject(cause)
    this.waiting.clear()
  }
}
