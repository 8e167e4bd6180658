/** Kysely over the database thread: PostgreSQL's SQL on one connection, which takes turns. */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import { StatementFailed } from './errors.ts'
import type { DatabaseThread } from './pglite-thread.ts'

export const pgliteDialect = (thread: DatabaseThread): Dialect => ({
  createDriver: () => new PGliteDriver(thread),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (kysely) => new PostgresIntrospector(kysely),
})

class PGliteDriver implements Driver {
  private readonly thread: DatabaseThread
  private readonly connection: DatabaseConnection
  private readonly queue: (() => void)[] = []
  private taken = false

  constructor(thread: DatabaseThread) {
    this.thread = thread
    this.connection = new PGliteConnection(thread)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.taken) await new Promise<void>((turn) => this.queue.push(turn))
    this.taken = true
    return this.connection
  }

  async releaseConnection(): Promise<void> {
    const next = this.queue.shift()
    if (next) next()
    else this.taken = false
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const level = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ''
    const mode = settings.accessMode ? ` ${settings.accessMode}` : ''
    await connection.executeQuery(CompiledQuery.raw(`begin${level}${mode}`))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  destroy(): Promise<void> {
    return this.thread.close()
  }
}

class PGliteConnection implements DatabaseConnection {
  private readonly thread: DatabaseThread

  constructor(thread: DatabaseThread) {
    this.thread = thread
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, affected } = await this.thread.run({ sql, parameters })
    return { rows: rows as unknown as Row[], numAffectedRows: BigInt(affected) }
  }

  // biome-ignore lint/correctness/useYield: it only refuses
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new StatementFailed('the embedded database has no cursors: read in pages by key')
  }
}
