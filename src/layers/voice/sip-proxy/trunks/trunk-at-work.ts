/**
 * A trunk as one proxy sees it: whether its servers answer (OPTIONS, which keeps NAT bindings open as well), and, where
 * this proxy is the one to register, whether the provider has our binding.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Log } from '#platform/log/log.ts'
import { fraction } from '#platform/runtime/fraction.ts'
import type { Clock, Random, Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { domainOf, registrarsOf, serversOf } from '#protocols/model/trunk.ts'
import { Registration, type RegistrationReport } from '#protocols/sip/core/registration.ts'
import type { RequestOutcome } from '#protocols/sip/core/session.ts'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import { escapeUser } from '#protocols/sip/message/headers/uri.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { identityOf } from '../../model/trunk-identity.ts'
import { hopOf } from '../../model/uri-hop.ts'
import { Remembered } from './remembered.ts'
import { serverText, serverURIs } from './server-uris.ts'
import { TrunkRequests, type TrunkRequestsOptions } from './trunk-requests.ts'

export type TrunkAtWorkOptions = Omit<TrunkRequestsOptions, 'located'> & {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly trunk: Trunk
  /** How somebody at such addresses reaches us over this transport: `sip:host:port;transport=…`. */
  readonly facing: (transport: Trunk['transport'], family: 4 | 6) => string
  /** Whether whoever registers instead of us is reached at this URI, too. */
  readonly isInherited: (uri: string) => boolean
  readonly changed: () => void
}

/** ms between two OPTIONS: NATs forget UDP after 30 s and more. */
const probeEvery = 25_000
/** An account that is refused is not to be locked. */
const refusal = { first: 60_000, longest: 900_000 }

const unasked = { state: 'unknown', reason: '' } as const

export class TrunkAtWork {
  readonly trunk: Trunk
  private readonly options: TrunkAtWorkOptions
  private readonly requests: TrunkRequests
  /** What its hosts stood for when they were looked up last. */
  private readonly found = new Map<string, readonly Hop[]>()
  /** By the name they were found by: one that the DNS cannot look up now keeps what it had. */
  private readonly hosts = new Map<string, Remembered>()
  private registers = false
  private registration: Registration | undefined
  /** Where the registrar was told to reach us. */
  private bound = ''
  private registered: TrunkAtProxy['registration']
  private health: TrunkAtProxy['health'] & object
  /** The test that was asked for last, and the one that was made. */
  private asked = ''
  private tested: string | undefined
  private timer: Timer | undefined

  constructor(options: TrunkAtWorkOptions) {
    this.options = options
    this.trunk = options.trunk
    this.requests = new TrunkRequests({ ...options, located: (host, hops) => this.located(host, hops) })
    this.health = { ...unasked, since: this.now }
    if (serversOf(this.trunk).length > 0) this.probeAfter(1_000 * fraction(options.random))
  }

  /** Whether a server of its is there, as far as is known, or was lately. */
  isAt(host: string): boolean {
    for (const hosts of this.hosts.values()) if (hosts.has(host)) return true
    return false
  }

  /** A connection of ours has gone: where it led to a server of this trunk, the provider reaches us by it no more. */
  lost({ protocol, host, port }: Hop): void {
    const isHere = (hop: Hop) => hop.protocol === protocol && hop.host === host && hop.port === port
    if ([...this.found.values()].some((hops) => hops.some(isHere))) this.registration?.renew()
  }

  get status(): TrunkAtProxy {
    const { health, registered, tested } = this
    const more = { ...(tested !== undefined && { tested }), ...(registered && { registration: registered }) }
    return { health, facing: this.facing, servers: [...this.servers], ...more }
  }

  /** Whether this proxy is the one to register. */
  setRegistering(registers: boolean): void {
    if (registers === this.registers) return
    this.registers = registers
    if (registers) this.register()
    else void this.handOver()
    this.options.changed()
  }

  /** Asks its servers now, and tells the outcome under the name of the test. */
  test(id: string): void {
    if (this.asked === id) return
    this.asked = id
    this.probe(() => {
      this.tested = id
      this.options.changed()
    })
  }

  private probe(done: () => void) {
    const hosts = this.mostInUse
    if (hosts.length === 0) {
      done()
      return
    }
    const uri = `sip:${domainOf(this.trunk)}`
    const from = `<${this.facing}>`
    const route = hosts.map((host) => `<${serverText(this.trunk, host)}>`)
    const began = this.options.clock.monotonic()
    this.requests.request({ method: 'OPTIONS', requestURI: uri, from, to: `<${uri}>`, route }, (outcome) => {
      this.setHealth(healthOf(outcome), this.options.clock.monotonic() - began)
      done()
    })
  }

  /** Its servers, first that where we are registered: a trunk is up as long as one of them answers. */
  private get mostInUse(): readonly string[] {
    const { registered } = this
    const isInUse = (host: string) => registered?.state === 'registered' && registered.registrar === host
    const hosts = serversOf(this.trunk)
    return [...hosts.filter(isInUse), ...hosts.filter((host) => !isInUse(host))]
  }

  /** This proxy ends. Resolves when the provider has been told, where it has to be, or does not answer. */
  async stop(): Promise<void> {
    this.end()
    await this.handOver()
  }

  /** There is no such trunk any more: the same, but nobody goes on with its binding. */
  async remove(): Promise<void> {
    this.end()
    await this.unregister()
  }

  private end() {
    this.timer?.cancel()
    this.registers = false
  }

  /**
   * No call is to wait for a name: not for one whose name servers are dead either. Calls come from registrars, too, to
   * whichever proxy our Contact leads to, not only to the one that registers.
   */
  private lookAhead() {
    for (const uri of serverURIs(this.trunk, serversOf(this.trunk)))
      if (hopOf(uri) === undefined) this.options.servers.look(uri, () => {})
    for (const host of registrarsOf(this.trunk)) this.requests.locate(serverText(this.trunk, host), () => {})
  }

  private probeAfter(ms: number) {
    this.timer = this.options.clock.after(ms, () => {
      this.lookAhead()
      this.probe(() => {})
      this.probeAfter(probeEvery)
    })
  }

  /** Once it is known whether the registrar is on IPv4 or on IPv6: it is told where to call us. */
  private register() {
    const { trunk } = this
    const [first = ''] = registrarsOf(trunk)
    this.registered = { state: 'trying', reason: '', registrar: first, since: this.now }
    this.requests.locate(serverText(trunk, first), () => {
      if (this.registers && this.registration === undefined) this.registerAt(registrarsOf(trunk))
    })
  }

  private registerAt(hosts: readonly string[]) {
    const { trunk, options } = this
    const identity = identityOf(trunk)
    if (identity === undefined || trunk.registration === undefined) return
    const user = escapeUser(identity.username)
    this.bound = this.facing
    this.registration = new Registration({
      userAgent: this.requests,
      runtime: options,
      log: options.log,
      addressOfRecord: `<sip:${user}@${domainOf(trunk)}>`,
      registrar: `sip:${domainOf(trunk)}`,
      contact: `<${this.bound.replace('sip:', `sip:${user}@`)}>`,
      proxies: hosts.map((host) => `<${serverText(trunk, host)}>`),
      identity,
      expires: trunk.registration.expires,
      refusal,
      told: (report) => this.reported(report, hosts),
    })
    this.registration.start()
  }

  /** The binding is left where it is the next one's, too: taken back after his REGISTER it would be missing. */
  private async handOver() {
    if (this.options.isInherited(this.bound)) this.registration?.forget()
    await this.unregister()
  }

  private async unregister() {
    const { registration } = this
    this.registration = undefined
    this.registered = undefined
    await registration?.stop()
  }

  private reported({ registered, reason, proxy }: RegistrationReport, hosts: readonly string[]) {
    if (this.registration === undefined) return
    const state = registered ? ('registered' as const) : ('failing' as const)
    const before = this.registered
    const told = { state, reason, registrar: hosts[proxy] ?? '' }
    const { since: _, ...known } = before ?? { since: '' }
    if (isDeepStrictEqual(known, told)) return
    const since = before?.state === state ? before.since : this.now
    this.registered = { ...told, since }
    const { log, changed, trunk } = this.options
    log[registered ? 'info' : 'warn']({ trunk: trunk.name, ...told }, 'registration of a trunk')
    changed()
  }

  private setHealth(told: Pick<TrunkAtProxy['health'] & object, 'state' | 'reason'>, ms: number) {
    const { health } = this
    const since = health.state === told.state ? health.since : this.now
    this.health = { ...told, since, milliseconds: Math.round(ms) }
    if (health.state === told.state && health.reason === told.reason) return
    const { log, changed, trunk } = this.options
    log[told.state === 'up' ? 'info' : 'warn']({ trunk: trunk.name, ...told }, 'health of a trunk')
    changed()
  }

  private located(name: string, hops: readonly Hop[]) {
    const before = [...this.servers].sort()
    this.found.set(name, hops)
    if (!isDeepStrictEqual([...this.servers].sort(), before)) this.options.changed()
    const hosts = this.hosts.get(name) ?? new Remembered()
    this.hosts.set(name, hosts)
    hosts.named(
      hops.map(({ host }) => host),
      this.options.clock.monotonic(),
    )
  }

  private get servers(): ReadonlySet<string> {
    return new Set([...this.found.values()].flat().map(({ host, port }) => `${bracketed(host)}:${port}`))
  }

  /** IPv6 where all its servers are there, as far as is known: one that is on both is reached over IPv4. */
  private get facing(): string {
    const hops = [...this.found.values()].flat()
    const isOnIPv6 = hops.length > 0 && hops.every(({ host }) => host.includes(':'))
    return this.options.facing(this.trunk.transport, isOnIPv6 ? 6 : 4)
  }

  private get now(): string {
    return timestamp(this.options.clock.wall())
  }
}

/** Whatever it says of OPTIONS, a server that answers lives; 503 says that it takes no calls. */
function healthOf({ status, reason, response }: RequestOutcome): { state: 'up' | 'down'; reason: string } {
  if (response === undefined) return { state: 'down', reason: status === 408 ? 'it does not answer' : reason }
  if (status === 503) return { state: 'down', reason: `it answers 503 ${reason}` }
  return { state: 'up', reason: '' }
}
