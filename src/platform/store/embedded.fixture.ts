/** A store of words, for tests of what runs in the thread of the embedded database. */
import { ClusterError } from '../errors.ts'
import type { Database } from './database.ts'

export interface Words {
  add(word: string): Promise<void>
  all(): Promise<string[]>
  refuse(): Promise<never>
}

type Tables = { word: { text: string } }

export async function openStore(database: Database): Promise<Words> {
  const db = await database.tables<Tables>('words', [
    {
      name: '0001-word',
      up: (tx) =>
        tx.schema
          .createTable('word')
          .addColumn('text', 'text', (column) => column.primaryKey())
          .execute(),
    },
  ])
  return {
    async add(text) {
      await db.insertInto('word').values({ text }).execute()
    },
    async all() {
      const rows = await db.selectFrom('word').select('text').orderBy('text').execute()
      return rows.map(({ text }) => text)
    },
    refuse: () => Promise.reject(new ClusterError('WORDS_REFUSED', 'no words now')),
  }
}
