import { ClusterError } from '../errors.ts'

/** Another process, or another part of this one, has the data directory open. */
export class DataDirectoryInUse extends ClusterError {
  readonly directory: string
  constructor(directory: string, pid: number, option: string) {
    super(
      'DATA_DIRECTORY_IN_USE',
      `the data directory ${directory} is in use by process ${pid}: stop that process, or name another directory with ${option}`,
    )
    this.directory = directory
  }
}

export class CannotOpenDatabase extends ClusterError {
  constructor(where: string, reason: string, options?: ErrorOptions) {
    super('DATABASE_CANNOT_OPEN', `cannot open the database in ${where}: ${reason}`, options)
  }
}

/** The database has refused a statement. `state` is its SQLSTATE, such as 23505 where a key exists already. */
export class StatementFailed extends ClusterError {
  readonly state: string | undefined
  readonly constraint: string | undefined
  constructor(reason: string, state?: string, constraint?: string) {
    super('DATABASE_STATEMENT_FAILED', `the database refused a statement: ${reason}`)
    this.state = state
    this.constraint = constraint
  }
}

/** The database is gone: closed, or its thread or server has ended. Nothing more can be asked of it. */
export class DatabaseLost extends ClusterError {
  constructor(reason: string, options?: ErrorOptions) {
    super('DATABASE_LOST', `the database is gone: ${reason}`, options)
  }
}

/** The tables were made by a newer release, or by another program. */
export class MigrationsDiffer extends ClusterError {
  constructor(owner: string, found: string) {
    super(
      'DATABASE_MIGRATIONS_DIFFER',
      `the tables of ${owner} have the migration ${found}, which this release does not know: start the release that made them, or a newer one`,
    )
  }
}
