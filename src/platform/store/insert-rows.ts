/**
 * Many rows of one table in one statement with one parameter: the rows as JSON. The main thread pays for one
 * `JSON.stringify` and some concatenation, a third of what a query builder's list of values costs.
 */
import { CompiledQuery, type Insertable, type Kysely } from 'kysely'

export type InsertOptions = {
  /** The unique columns by which a row that is there already is left as it is, or replaced. */
  readonly conflict?: { readonly columns: readonly string[]; readonly action: 'keep' | 'replace' }
}

/** Every row names the same columns, those of the first one; `json` columns take any value. Tells how many were stored. */
export async function insertRows<Tables, Table extends keyof Tables & string>(
  db: Kysely<Tables>,
  table: Table,
  rows: readonly Insertable<Tables[Table]>[],
  options: InsertOptions = {},
): Promise<number> {
  const [first] = rows
  if (first === undefined) return 0
  const statement = insertStatement(table, Object.keys(first), options)
  const result = await db.executeQuery(CompiledQuery.raw(statement, [JSON.stringify(rows)]))
  return Number(result.numAffectedRows ?? 0)
}

function insertStatement(table: string, columns: readonly string[], options: InsertOptions): string {
  const into = quoted(table)
  const names = columns.map(quoted).join()
  const source = `select ${names} from json_populate_recordset(null::${into}, $1::json)`
  return `insert into ${into} (${names}) ${source}${conflict(columns, options)}`
}

function conflict(columns: readonly string[], options: InsertOptions): string {
  if (options.conflict === undefined) return ''
  const { columns: unique, action } = options.conflict
  const target = ` on conflict (${unique.map(quoted).join()})`
  const others = columns.filter((name) => !unique.includes(name))
  if (action === 'keep' || others.length === 0) return `${target} do nothing`
  return `${target} do update set ${others.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join()}`
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
