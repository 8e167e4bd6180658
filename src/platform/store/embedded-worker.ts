/** The thread of `embedded.ts`: the database, and the stores whose operations run beside it. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { lockDirectory } from '#platform/runtime/node/directory-lock.ts'
import type { Database } from './database.ts'
import type { Command, Reply, Start, StoreModule } from './messages.ts'
import { openPGlite } from './pglite-worker.ts'

type Store = Readonly<Record<string, (...given: readonly unknown[]) => Promise<unknown>>>

class Stores {
  private readonly database: Database
  private readonly stores = new Map<string, Store>()

  constructor(database: Database) {
    this.database = database
  }

  /** Opens it and names its operations. */
  async open(module: string): Promise<string[]> {
    const { openStore } = (await import(module)) as StoreModule
    const store = (await openStore(this.database)) as Store
    this.stores.set(module, store)
    return Object.keys(store)
  }

  async call(module: string, operation: string, given: readonly unknown[]): Promise<unknown> {
    const run = this.stores.get(module)?.[operation]
    if (run === undefined) throw new Error(`${operation} is no operation of ${module}`)
    return run(...given)
  }
}

function serve(port: MessagePort, database: Database, release: () => void): void {
  const stores = new Stores(database)
  const running = new Set<Promise<void>>()
  const answer = (id: number, result: Promise<unknown>): void => {
    const told = result.then(
      (value) => port.postMessage({ type: 'done', id, result: value } satisfies Reply),
      (error: unknown) => port.postMessage(failure(id, error)),
    )
    running.add(told)
    void told.finally(() => running.delete(told))
  }
  port.on('message', async (command: Command) => {
    if (command.type === 'store') return answer(command.id, stores.open(command.module))
    if (command.type === 'call')
      return answer(command.id, stores.call(command.module, command.operation, command.arguments))
    await Promise.allSettled(running)
    await database.close()
    release()
    port.close()
  })
}

function failure(id: number, error: unknown): Reply {
  const { message, code } = error as Error & { code?: string }
  return { type: 'failed', id, code, reason: message }
}

async function start(port: MessagePort, directory: string): Promise<void> {
  const say = (reply: Reply) => port.postMessage(reply)
  let lock: ReturnType<typeof lockDirectory> | undefined
  try {
    lock = lockDirectory(`${directory}/lock`)
    if ('holder' in lock) return say({ type: 'in-use', holder: lock.holder })
    serve(port, await openPGlite(directory), lock.release)
    say({ type: 'open' })
  } catch (error) {
    if (lock && 'release' in lock) lock.release()
    say({ type: 'cannot-open', reason: (error as Error).message })
  }
}

if (parentPort) await start(parentPort, (workerData as Start).directory)
