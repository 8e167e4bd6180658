/**
 * What was told last, by key: the newest `count` for certain, never more than twice as many. Two generations, of which
 * the older is forgotten as a whole: taking the oldest out of a `Map` one by one walks over the places of all that were
 * taken out before, thousands of them.
 */
export class Recent<Key, Value> {
  private readonly count: number
  private younger = new Map<Key, Value>()
  private older = new Map<Key, Value>()

  constructor(count: number) {
    this.count = count
  }

  get(key: Key): Value | undefined {
    return this.younger.get(key) ?? this.older.get(key)
  }

  has(key: Key): boolean {
    return this.younger.has(key) || this.older.has(key)
  }

  set(key: Key, value: Value): void {
    if (this.younger.size >= this.count && !this.younger.has(key)) {
      this.older = this.younger
      this.younger = new Map()
    }
    this.younger.set(key, value)
  }
}
