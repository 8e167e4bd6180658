/** The DNS of Node.js: c-ares, which asks name servers itself and knows nothing of /etc/hosts. */
import { Resolver } from 'node:dns/promises'
import { NameServersFailed } from '#platform/runtime/errors.ts'
import type { Clock, Dns, DnsAnswer, RecordType } from '#platform/runtime/runtime.ts'

/** What one name server is given to answer, and how often each is asked. */
const attempt = { timeout: 1_000, tries: 2 }
/** However many name servers there are. */
const queryLimitMs = 4_000

/** It does not exist, or has no records of this type. */
const nothing = new Set(['ENOTFOUND', 'ENODATA'])

export class NodeDns implements Dns {
  readonly #clock: Clock
  readonly #nameServers: readonly string[]
  readonly #asking = new Set<Resolver>()

  constructor(clock: Clock, nameServers: readonly string[]) {
    this.#clock = clock
    this.#nameServers = nameServers
  }

  async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
    // One resolver for each query: a query is ended by ending its resolver, and the host's name servers may change.
    const resolver = new Resolver(attempt)
    if (this.#nameServers.length > 0) resolver.setServers(this.#nameServers)
    this.#asking.add(resolver)
    const limit = this.#clock.after(queryLimitMs, () => resolver.cancel())
    try {
      return (await ask(resolver, name, type)) as DnsAnswer<T>
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? ''
      if (nothing.has(code)) return { records: [], ttl: undefined }
      throw new NameServersFailed(name, type, code, { cause: error })
    } finally {
      limit.cancel()
      this.#asking.delete(resolver)
    }
  }

  close(): void {
    for (const resolver of this.#asking) resolver.cancel()
  }
}

/** Only for addresses does Node.js tell how long they are good. */
async function ask(resolver: Resolver, name: string, type: RecordType): Promise<DnsAnswer<RecordType>> {
  switch (type) {
    case 'A':
      return addresses(await resolver.resolve4(name, { ttl: true }))
    case 'AAAA':
      return addresses(await resolver.resolve6(name, { ttl: true }))
    case 'SRV': {
      const found = await resolver.resolveSrv(name)
      return { records: found.map(({ name: target, ...record }) => ({ ...record, target })), ttl: undefined }
    }
    case 'NAPTR':
      return { records: await resolver.resolveNaptr(name), ttl: undefined }
  }
}

const addresses = (found: readonly { address: string; ttl: number }[]): DnsAnswer<'A'> => ({
  records: found.map(({ address }) => address),
  ttl: Math.min(...found.map(({ ttl }) => ttl)),
})
