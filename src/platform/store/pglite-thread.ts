/** The embedded database as the main thread sees it: a thread that runs statements in order. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Deferred, deferred } from '../deferred.ts'
import { CannotOpenDatabase, DatabaseLost, DataDirectoryInUse, StatementFailed } from './errors.ts'
import type { Command, Reply, Start, Statement } from './messages.ts'

export type Result = { readonly rows: readonly object[]; readonly affected: number }

export interface DatabaseThread {
  /** Throws `StatementFailed`, `DatabaseLost`. */
  run(statement: Statement): Promise<Result>
  /** Resolves when everything asked for before has run and the directory is free again. */
  close(): Promise<void>
}

/** `option` is what the operator moves the directory with; errors name it. */
export type EmbeddedOptions = { readonly directory: string; readonly option: string }

/** Throws `DataDirectoryInUse`, `CannotOpenDatabase`. */
export async function startThread({ directory, option }: EmbeddedOptions): Promise<DatabaseThread> {
  const start: Start = { directory }
  const worker = new Worker(new URL('./pglite-worker.js', import.meta.url), { workerData: start })
  const [reply] = (await once(worker, 'message').catch((error: unknown) => {
    throw new CannotOpenDatabase(directory, (error as Error).message, { cause: error })
  })) as [Reply]
  if (reply.type === 'open') return new PGliteThread(worker)
  await worker.terminate()
  if (reply.type === 'in-use') throw new DataDirectoryInUse(directory, reply.holder, option)
  throw new CannotOpenDatabase(directory, reply.type === 'cannot-open' ? reply.reason : reply.type)
}

class PGliteThread implements DatabaseThread {
  private readonly worker: Worker
  private readonly waiting = new Map<number, Deferred<Result>>()
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

  run(statement: Statement): Promise<Result> {
    if (this.lost) return Promise.reject(this.lost)
    const id = this.next++
    const answer = deferred<Result>()
    this.waiting.set(id, answer)
    this.say({ type: 'run', id, statement })
    return answer.promise
  }

  close(): Promise<void> {
    if (!this.lost) {
      this.say({ type: 'close' })
      this.lost = new DatabaseLost('it was closed')
    }
    return this.ended.promise
  }

  private say(command: Command): void {
    this.worker.postMessage(command)
  }

  private answered(reply: Reply): void {
    if (reply.type !== 'done' && reply.type !== 'failed') return
    const answer = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    if (reply.type === 'done') answer?.resolve(reply)
    else answer?.reject(new StatementFailed(reply.reason, reply.state, reply.constraint))
  }

  private end(cause: DatabaseLost): void {
    this.lost ??= cause
    for (const answer of this.waiting.values()) answer.reject(cause)
    this.waiting.clear()
  }
}
