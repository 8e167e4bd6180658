/** Kysely over PGlite: PostgreSQL's SQL on one connection, which takes turns. */
import type { PGlite } from '@electric-sql/pglite'
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

export const pgliteDialect = (database: PGlite): Dialect => ({
  createDriver: () => new PGliteDriver(database),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (kysely) => new PostgresIntrospector(kysely),
})

class PGliteDriver implements Driver {
  private readonly database: PGlite
  private readonly connection: DatabaseConnection
  private readonly queue: (() => void)[] = []
  private taken = false

  constructor(database: PGlite) {
    this.database = database
    this.connection = new PGliteConnection(database)
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
    return this.database.close()
  }
}

class PGliteConnection implements DatabaseConnection {
  private readonly database: PGlite

  constructor(database: PGlite) {
    this.database = database
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, affectedRows = 0 } = await this.database.query<Row>(sql, [...parameters]).catch(refused)
    return { rows, numAffectedRows: BigInt(affectedRows) }
  }

  // biome-ignore lint/correctness/useYield: it only refuses
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new StatementFailed('the embedded database has no cursors: read in pages by key')
  }
}

function refused({ message, code, constraint }: Error & { code?: string; constraint?: string }): never {
  throw new StatementFailed(message, code, constraint)
}
