/**
 * The media servers of a data centre as they announce themselves and answer OPTIONS (architecture §11). One that is
 * announced counts as there until it does not answer.
 */
import type { Log } from '#platform/log/log.ts'
import type { Address, Clock, Random, Timer } from '#platform/runtime/runtime.ts'
import { buildRequest } from '#protocols/sip/message/build-request.ts'
import type { ClientTransaction, Transactions } from '#protocols/sip/transaction/transactions.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { ranked } from '../model/rendezvous.ts'
import { sipURI } from '../model/uri-hop.ts'

export type MediaServersOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly transactions: Transactions
  /** Its link, where it has one. */
  wayTo(hop: Hop): Hop
  /** It does not answer any more: what waits for it goes elsewhere. */
  silent(hop: Hop): void
}

const probeEvery = 500
const silentAfter = 1000

type MediaServer = {
  readonly name: string
  readonly hop: Hop
  isThere: boolean
  probe: { readonly transaction: ClientTransaction; readonly since: number } | undefined
}

export class MediaServers {
  private readonly options: MediaServersOptions
  private readonly byName = new Map<string, MediaServer>()
  private ticking: Timer
  private probed = 0

  constructor(options: MediaServersOptions) {
    this.options = options
    this.ticking = this.tickLater()
  }

  /** Everything announced, by name. One whose address has changed is a new one. */
  set(found: ReadonlyMap<string, Address>): void {
    for (const [name, server] of this.byName) {
      const at = found.get(name)
      if (at?.host === server.hop.host && at.port === server.hop.port) continue
      this.byName.delete(name)
      server.probe?.transaction.abandon()
      this.options.silent(server.hop)
    }
    for (const [name, { host, port }] of found) {
      if (this.byName.has(name)) continue
      this.byName.set(name, { name, hop: { protocol: 'UDP', host, port }, isThere: true, probe: undefined })
    }
  }

  /** Those that are there, whom to try first for `key` first. */
  inOrder(key: string): Hop[] {
    return ranked(key, this.byName.keys()).flatMap((name) => {
      const server = this.byName.get(name)
      return server?.isThere ? [this.options.wayTo(server.hop)] : []
    })
  }

  /** Whether one is announced at this address. */
  isAt(address: Address): boolean {
    return this.at(address) !== undefined
  }

  /** Its link has gone: it is not there until it answers. */
  doubt(address: Address): void {
    const server = this.at(address)
    if (server === undefined) return
    server.probe?.transaction.abandon()
    server.probe = undefined
    this.missed(server)
    this.ask(server)
  }

  get size(): number {
    return this.byName.size
  }

  /** Names of those that do not answer. */
  get missing(): string[] {
    return [...this.byName.values()].filter(({ isThere }) => !isThere).map(({ name }) => name)
  }

  stop(): void {
    this.ticking.cancel()
    for (const { probe } of this.byName.values()) probe?.transaction.abandon()
    this.byName.clear()
  }

  private at({ host, port }: Address): MediaServer | undefined {
    for (const server of this.byName.values()) if (server.hop.host === host && server.hop.port === port) return server
    return undefined
  }

  private tickLater(): Timer {
    return this.options.clock.after(probeEvery, () => {
      this.ticking = this.tickLater()
      for (const server of this.byName.values()) this.watch(server)
    })
  }

  private watch(server: MediaServer) {
    const { probe } = server
    if (probe !== undefined && this.options.clock.monotonic() - probe.since < silentAfter) return
    if (probe !== undefined) {
      probe.transaction.abandon()
      server.probe = undefined
      this.missed(server)
    }
    this.ask(server)
  }

  private ask(server: MediaServer) {
    const { transactions, random, clock } = this.options
    this.probed += 1
    const uri = sipURI('UDP', server.hop.host, server.hop.port)
    const draft = buildRequest({
      method: 'OPTIONS',
      requestURI: uri,
      from: `<sip:resource-manager@${server.hop.host}>;tag=${random.hex(5)}`,
      to: `<${uri}>`,
      callID: random.hex(12),
      cseq: this.probed & 0x7fff_ffff,
    })
    const answered = () => {
      server.probe = undefined
      if (!server.isThere) this.options.log.info({ mediaServer: server.name }, 'a media server answers again')
      server.isThere = true
    }
    const user = {
      response: () => answered(),
      failed: () => {
        server.probe = undefined
        this.missed(server)
      },
    }
    const transaction = transactions.request(draft, this.options.wayTo(server.hop), user)
    server.probe = { transaction, since: clock.monotonic() }
  }

  private missed(server: MediaServer) {
    if (!server.isThere) return
    server.isThere = false
    this.options.log.warn({ mediaServer: server.name }, 'a media server does not answer')
    this.options.silent(server.hop)
  }
}
