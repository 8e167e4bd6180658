import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TableEntry, TransactionTable } from './transaction-table.ts'

class Entry implements TableEntry<Entry> {
  readonly hash: number
  alike: Entry | undefined
  constructor(hash: number) {
    this.hash = hash
  }
}

/** Few hashes, so that most entries share theirs. */
const entries = fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 20 })

describe('a table of transactions', () => {
  it('finds by their hash all that were added and not removed, the newest first', () => {
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.boolean()), (hashes, removes) => {
        const table = new TransactionTable<Entry>()
        const all = hashes.map((hash) => new Entry(hash))
        for (const entry of all) table.add(entry)

        const kept = all.filter((entry) => {
          const { value: removed } = removes.next()
          if (removed === true) {
            table.remove(entry)
            table.remove(entry)
          }
          return removed !== true
        })

        expect(table.size).toBe(kept.length)
        expect(new Set(table.entries())).toEqual(new Set(kept))
        for (const hash of [-1, 0, 1, 2]) {
          const found: Entry[] = []
          for (let entry = table.first(hash); entry !== undefined; entry = entry.alike) found.push(entry)
          expect(found).toEqual(kept.filter((entry) => entry.hash === hash).reverse())
        }
      }),
    )
  })
})
