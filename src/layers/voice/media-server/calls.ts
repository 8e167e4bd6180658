/** The calls of one media server: who is let in, and when the last one has gone. */
import type { Context } from '#platform/component/component.ts'
import type { Log } from '#platform/log/log.ts'
import { runnerSurroundings, type Surroundings } from '#platform/machine/runner.ts'
import type { Counter } from '#platform/metrics/metrics.ts'
import type { Address, Clock, Random } from '#platform/runtime/runtime.ts'
import { masterLength } from '#protocols/media/srtp/session-keys.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import type { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { KeptSipLinks } from '../model/kept-sip-links.ts'
import { hopOf } from '../model/uri-hop.ts'
import { Admission } from './admission.ts'
import type { LegIdentity } from './leg-description.ts'
import { type CallOwner, MediaCall } from './media-call.ts'
import type { RtpFarm } from './rtp-farm.ts'
import { type Refusal, type Service, serviceOf } from './service.ts'

export type CallsOptions = {
  readonly transport: SipTransport
  /** The links to the proxies. */
  readonly proxies: Pick<KeptSipLinks, 'named'>
  readonly farm: RtpFarm
  /** Where SIP reaches us. */
  readonly sip: Address
  /** For our SDP: of IPv4 and of IPv6 one at most. */
  readonly addresses: readonly string[]
  /** Legs at once. */
  readonly capacity: number
  readonly prompts: ReadonlySet<string>
}

/** What the last BYEs get until the port is closed. */
const farewellMs = 200

export class Calls implements CallOwner {
  readonly farm: RtpFarm
  readonly log: Log
  readonly machines: Surroundings
  readonly addresses: readonly string[]
  private readonly clock: Clock
  private readonly random: Random
  private readonly prompts: ReadonlySet<string>
  private readonly admission: Admission
  private readonly transactions: TransactionLayer
  private readonly refusals: Counter<'status'>
  private readonly open = new Set<MediaCall>()
  private idle: (() => void)[] = []

  constructor({ runtime, log, metrics }: Context<unknown>, options: CallsOptions) {
    const { transport, proxies, farm, sip, addresses, capacity, prompts } = options
    this.farm = farm
    this.log = log
    this.addresses = addresses
    this.clock = runtime.clock
    this.random = runtime.random
    this.prompts = prompts
    this.machines = runnerSurroundings(runtime.clock, log, metrics)
    this.admission = new Admission(capacity)
    this.refusals = metrics.counter('media_refused_total', 'INVITEs refused, by status', ['status'])
    metrics.gauge('media_calls', 'Calls on this media server', () => this.open.size)
    this.transactions = new TransactionLayer({ runtime, transport, log, metrics })
    const agent = createUserAgent(
      { runtime, log, metrics, transactions: this.transactions, transport },
      {
        product: 'Ringmain media server',
        contactUser: 'media',
        contactHost: `${bracketed(sip.host)}:${sip.port}`,
        nextHop: (uri) => proxies.named(uri) ?? hopOf(parseURI(uri)),
      },
    )
    agent.onInvite((incoming) => ({ user: this.take(incoming) }))
  }

  get isDraining(): boolean {
    return this.admission.isDraining
  }

  /** Resolves when the last call has ended; legs of conferences that are here still come in. */
  drain(): Promise<void> {
    this.admission.isDraining = true
    return this.open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve))
  }

  /** Ends every call at once; a BYE that waits for an ACK, or for its answer, gets a moment. */
  async close(): Promise<void> {
    this.admission.isDraining = true
    const wereOpen = this.open.size > 0
    for (const call of [...this.open]) call.end()
    if (wereOpen) await new Promise<void>((resolve) => void this.clock.after(farewellMs, resolve))
    this.transactions.close()
  }

  identity(): LegIdentity {
    const { random } = this
    return { sessionID: String(random.bytes(6).readUIntBE(0, 6)), newMaster: () => random.bytes(masterLength) }
  }

  has(prompt: string): boolean {
    return this.prompts.has(prompt)
  }

  refused(status: number): void {
    this.refusals.of({ status: String(status) }).inc()
  }

  sentElsewhere(conference: string): void {
    this.admission.sendElsewhere(conference)
  }

  ended(call: MediaCall): void {
    this.open.delete(call)
    if (this.open.size > 0) return
    const waiting = this.idle
    this.idle = []
    for (const resolve of waiting) resolve()
  }

  private take(incoming: IncomingSession): SessionUser {
    const service = this.admitted(serviceOf(incoming.invite.requestURI, (prompt) => this.has(prompt)))
    if ('status' in service) {
      this.refused(service.status)
      incoming.reject(service.status, service.reason)
      return { ended() {} }
    }
    const call = new MediaCall(this, incoming, service)
    this.open.add(call)
    call.start()
    return call
  }

  private admitted(service: Service | Refusal): Service | Refusal {
    if ('status' in service) return service
    const conference = service.type === 'conference' ? service : undefined
    const isHere = conference !== undefined && this.farm.has(conference.id)
    if (conference?.isFirst) this.admission.forget(conference.id)
    if (this.admission.admits(conference?.id, this.farm.legs, isHere)) return service
    return { status: 503, reason: this.isDraining ? 'Draining' : 'Full' }
  }
}
