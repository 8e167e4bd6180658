/** PostgreSQL in WASM, in the thread that calls it: it blocks its event loop and takes hundreds of megabytes. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PGlite, type PGliteOptions, types } from '@electric-sql/pglite'
import { BeginningMark } from './beginning-worker.ts'
import { type Database, databaseOver } from './database.ts'
import { makeDurable, syncTree } from './durable-files-worker.ts'
import { pgliteDialect } from './pglite-dialect.ts'

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

/** The database in `DIR/db`; whoever opens it holds the lock of the directory. */
export async function openPGlite(directory: string): Promise<Database> {
  const path = `${directory}/db`
  const mark = new BeginningMark(directory)
  const beginning = mark.read()
  if (beginning === 'broken') rmSync(path, { recursive: true, force: true })
  const isNew = !existsSync(path)
  mkdirSync(directory, { recursive: true })
  if (isNew) mark.making()
  mkdirSync(path, { recursive: true })
  const database = await PGlite.create(path, await options())
  makeDurable(database)
  if (isNew) mark.made()
  // A disk that cannot do it ends the thread, and with it the database: nothing more is acknowledged.
  if (isNew || beginning === 'unforced') void syncTree(path).then(() => mark.remove())
  else mark.remove()
  return databaseOver(pgliteDialect(database))
}
