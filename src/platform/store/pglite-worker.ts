/**
 * The thread of `pglite-thread.ts`: PostgreSQL in WASM, which blocks its event loop and takes hundreds of megabytes.
 * Statements run one after the other, in the order they came.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { PGlite, type PGliteOptions, types } from '@electric-sql/pglite'
import { type DirectoryLock, lockDirectory } from '#platform/runtime/node/directory-lock.ts'
import { makeDurable, syncTree } from './durable-files-worker.ts'
import type { Command, Reply, Start, Statement } from './messages.ts'

/**
 * A new database is made in a second instance and copied: one compilation for both and small WAL segments make that
 * 4 s instead of 7. The figures of a server would only take memory here.
 */
const options = async (): Promise<PGliteOptions> => ({
  pgliteWasmModule: await compile(readFileSync(assetOf('pglite.wasm'))),
  initDbStartParams: ['--wal-segsize=1', '--no-sync', '--no-instructions'],
  // Without -F, by which PGlite would leave it to chance what survives a power loss: see durable-files-worker.ts.
  startParams: PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  postgresqlconf: ['shared_buffers=16MB', 'wal_sync_method=fsync'],
  parsers: {
    [types.INT8]: Number,
    [types.NUMERIC]: Number,
    [types.TIMESTAMPTZ]: (text) => new Date(text).toISOString(),
    [types.DATE]: (text) => text,
  },
})

/** Part of Node.js, but not of its types. */
const { compile } = (globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<object> } })
  .WebAssembly

const assetOf = (name: string) => fileURLToPath(new URL(name, import.meta.resolve('@electric-sql/pglite')))

async function open(directory: string): Promise<PGlite> {
  const path = `${directory}/db`
  const beginning = `${directory}/db.beginning`
  // The mark of a first start that was cut off: nothing can have been stored yet.
  if (existsSync(beginning)) rmSync(path, { recursive: true, force: true })
  const isNew = !existsSync(path)
  if (isNew) writeFileSync(beginning, '')
  mkdirSync(path, { recursive: true })
  const database = await PGlite.create(path, await options())
  makeDurable(database)
  if (isNew) void syncTree(path).catch(() => {})
  rmSync(beginning, { force: true })
  return database
}

async function run(database: PGlite, { sql, parameters }: Statement) {
  const { rows, affectedRows } = await database.query<object>(sql, [...parameters])
  return { rows, affected: affectedRows ?? 0 }
}

function failure(id: number, error: unknown): Reply {
  const { message, code, constraint } = error as Error & { code?: string; constraint?: string }
  return { type: 'failed', id, reason: message, state: code, constraint }
}

function serve(port: MessagePort, database: PGlite, lock: DirectoryLock): void {
  let last: Promise<unknown> = Promise.resolve()
  port.on('message', (command: Command) => {
    last = last.then(async () => {
      if (command.type === 'run') {
        const { id, statement } = command
        const reply = await run(database, statement).then(
          (result): Reply => ({ type: 'done', id, ...result }),
          (error: unknown) => failure(id, error),
        )
        return port.postMessage(reply)
      }
      await database.close()
      lock.release()
      port.close()
    })
  })
}

async function start(port: MessagePort, directory: string): Promise<void> {
  const say = (reply: Reply) => port.postMessage(reply)
  let lock: ReturnType<typeof lockDirectory> | undefined
  try {
    lock = lockDirectory(`${directory}/lock`)
    if ('holder' in lock) return say({ type: 'in-use', holder: lock.holder })
    serve(port, await open(directory), lock)
    say({ type: 'open' })
  } catch (error) {
    if (lock && 'release' in lock) lock.release()
    say({ type: 'cannot-open', reason: (error as Error).message })
  }
}

if (parentPort) await start(parentPort, (workerData as Start).directory)
