/**
 * The transactions of one side, found by a hash of what tells them apart. A map of texts would have each text put
 * together, hashed and compared for each message; the pieces lie in the message, and hash and entry are all it takes.
 */

/** What a table asks of its entries. */
export interface TableEntry<Entry> {
  readonly hash: number
  /** The next entry with this hash; for the table alone. */
  alike: Entry | undefined
}

export class TransactionTable<Entry extends TableEntry<Entry>> {
  private readonly byHash = new Map<number, Entry>()
  private count = 0

  get size(): number {
    return this.count
  }

  /** The newest entry with this hash; the others follow it (`alike`). */
  first(hash: number): Entry | undefined {
    return this.byHash.get(hash)
  }

  add(entry: Entry): void {
    entry.alike = this.byHash.get(entry.hash)
    this.byHash.set(entry.hash, entry)
    this.count++
  }

  /** Harmless for one that is not there. */
  remove(entry: Entry): void {
    const first = this.byHash.get(entry.hash)
    if (first === entry) this.replace(entry.hash, entry.alike)
    else if (!removeBehind(first, entry)) return
    entry.alike = undefined
    this.count--
  }

  *entries(): Iterable<Entry> {
    for (const first of this.byHash.values())
      for (let entry: Entry | undefined = first; entry !== undefined; entry = entry.alike) yield entry
  }

  clear(): void {
    this.byHash.clear()
    this.count = 0
  }

  private replace(hash: number, first: Entry | undefined) {
    if (first === undefined) this.byHash.delete(hash)
    else this.byHash.set(hash, first)
  }
}

/** Whether it was behind `first`, and is no more. */
function removeBehind<Entry extends TableEntry<Entry>>(first: Entry | undefined, entry: Entry): boolean {
  for (let before = first; before !== undefined; before = before.alike) {
    if (before.alike !== entry) continue
    before.alike = entry.alike
    return true
  }
  return false
}
