/** The name servers of a world: what they know is said by the test, and they may hang, fail or lie. */
import { NameServersFailed } from '#platform/runtime/errors.ts'
import type { Dns, DnsAnswer, Records, RecordType } from '#platform/runtime/runtime.ts'
import type { Life } from './host.ts'

const answerMs = 5
/** As long as the adapter of Node.js waits. */
const limitMs = 4_000

export class NameServers {
  readonly #zone = new Map<string, DnsAnswer<RecordType>>()
  /** `silent`: no query is answered; `failing`: each with SERVFAIL. */
  state: 'answering' | 'failing' | 'silent' = 'answering'
  /** Names whose own name servers do not answer. */
  readonly dead = new Set<string>()
  /** Queries so far, as `TYPE name`. */
  readonly asked: string[] = []

  set<T extends RecordType>(name: string, type: T, records: readonly Records[T][], ttl = 60): void {
    this.#zone.set(`${type} ${name}`, { records, ttl })
  }

  of(life: Life): Dns {
    return {
      query: <T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> => {
        this.asked.push(`${type} ${name}`)
        const state = this.dead.has(name) ? 'silent' : this.state
        return life.later(state === 'silent' ? limitMs : answerMs, () => {
          if (state !== 'answering') throw new NameServersFailed(name, type, state)
          const found = this.#zone.get(`${type} ${name.toLowerCase()}`) ?? { records: [], ttl: undefined }
          return found as DnsAnswer<T>
        })
      },
    }
  }
}
