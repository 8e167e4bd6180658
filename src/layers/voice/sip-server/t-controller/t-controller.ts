/**
 * The T-Controller of a node: owns the DNs whose phones registered here, with their agents and reservations, follows
 * the calls on devices, and holds a copy of the DNs that other nodes own.
 */
import type { Log } from '#platform/log/log.ts'
import { runnerSurroundings, type Surroundings } from '#platform/machine/runner.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Register } from '#protocols/sip/core/registrar.ts'
import type { AddressState } from '#protocols/tlib/attributes.ts'
import { parseConnID } from '#protocols/tlib/conn-id.ts'
import type { DeviceEvent, OwnerEvent } from '#protocols/tlib/events.ts'
import type { RegisteredContact } from '../notifier/documents.ts'
import type { Requester } from '../requester.ts'
import type { Owners, SeizeReply, SeizeRequest } from '../session-controller/ports.ts'
import type { Asker } from './agent.ts'
import { CallsOnDevices } from './calls-on-devices.ts'
import { Copies } from './copies.ts'
import type { Seizure } from './dn.ts'
import { type Outside, OwnedDN, type OwnTold } from './owned-dn.ts'
import { orderOf, ownerEpochOf } from './owner-epoch.ts'
import type { Move, Peers, Release } from './peers.ts'

export type NodeName = {
  readonly name: string
  readonly dc: string
  readonly number: number
  readonly epoch: number
  readonly geoLocation: string
}

/** What the Session Controller answers to an owner. */
interface LiveCalls {
  holds(connID: string, dn: string): boolean
  withdraw(connID: string, dn: string): void
}

export type TControllerOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly metrics: Metrics
  readonly node: NodeName
  readonly configuration: ConfigurationSource
  readonly peers: Peers
  readonly calls: () => LiveCalls
  /** An event of an agent or DN, into the node's stream. */
  publish(event: OwnerEvent, answers: Requester | undefined): void
  /** The calls or the contacts of a DN may be others now. */
  changed(what: 'dialog' | 'reg', dn: string): void
}

/** How often the owner asks after seizures, and after how many unanswered questions the call is given up. */
const askEvery = 5000

type Waiting = Requester | ((reply: SeizeReply) => void)

export class TController implements Owners {
  readonly calls = new CallsOnDevices()
  readonly copies = new Copies()
  private readonly options: TControllerOptions
  private readonly owned = new Map<string, OwnedDN>()
  private readonly outside: Outside
  private readonly waiting = new Map<number, Waiting>()
  private readonly confirmed = new Set<string>()
  /** Agents logged in here who were heard to be logged in elsewhere, too. */
  private readonly contested = new Set<string>()
  private lastAsker = 0
  private lastEventNo = 0
  private asking: Timer | undefined

  constructor(options: TControllerOptions) {
    this.options = options
    const { runtime, log, metrics } = options
    this.outside = this.outsideOf(runnerSurroundings(runtime.clock, log, metrics))
    metrics.gauge('dns_in_service', 'DNs of this node whose phone is registered', () => this.inService())
    this.ask()
  }

  /** A REGISTER for the DN was accepted here: this node owns it from now on. */
  registered(dn: string, register: Register, lifetime: number): void {
    const wants = register.contacts.some((contact) => contact.expires !== 0)
    const known = this.owned.get(dn)
    if (known === undefined && !wants) return
    const owned = known ?? this.own(dn)
    owned.contacts.apply(register, lifetime)
    if (owned.contacts.any) owned.found()
    else owned.lost()
    this.options.changed('reg', dn)
  }

  seize(request: SeizeRequest, reply: (reply: SeizeReply) => void) {
    const owned = this.owned.get(request.dn)
    if (owned) return owned.seize(this.put(reply), { ...request, node: this.options.node.name })
    if (this.options.configuration.current().dn(request.dn) === undefined)
      return reply({ granted: false, cause: 'not-found' })
    const owner = this.copies.ownerOf(request.dn)
    if (owner === undefined) return this.seizeUnowned(request, reply)
    this.options.peers.seize(owner, request, (answer) =>
      reply(answer ?? { granted: false, cause: 'owner-unreachable' }),
    )
  }

  release(release: Release): void {
    const { dn, connID, outcome } = release
    const owned = this.owned.get(dn)
    const owner = this.copies.ownerOf(dn)
    if (owned) owned.release(connID, outcome)
    else if (owner !== undefined) this.options.peers.release(owner, release)
  }

  move(move: Move): void {
    const owned = this.owned.get(move.dn)
    const owner = this.copies.ownerOf(move.dn)
    if (owned) owned.move(move.connID, move.to)
    else if (owner !== undefined) this.options.peers.move(owner, move)
  }

  /** Another node seizes a DN that is ours. */
  seizeFor(node: string, request: SeizeRequest, reply: (reply: SeizeReply) => void): void {
    const owned = this.owned.get(request.dn)
    if (owned) owned.seize(this.put(reply), { ...request, node })
    else reply({ granted: false, cause: 'out-of-service' })
  }

  dn(dn: string): OwnedDN | undefined {
    return this.owned.get(dn)
  }

  /** The DN on which the agent is logged in, here or elsewhere. */
  dnOf(agentID: string): string | undefined {
    for (const owned of this.owned.values()) if (owned.agent?.agentID === agentID) return owned.dn
    const dn = this.copies.dnOf(agentID)
    const owner = dn === undefined ? undefined : this.copies.ownerOf(dn)
    // A node that is gone has taken its logins with it.
    return owner !== undefined && this.options.peers.state(owner) === 'gone' ? undefined : dn
  }

  agentOn(dn: string): string | undefined {
    const owned = this.owned.get(dn)
    return owned ? owned.agent?.agentID : this.copies.of(dn)?.agentID
  }

  /** Keeps a request until the machines answer it. */
  put(waiting: Waiting): number {
    this.lastAsker += 1
    this.waiting.set(this.lastAsker, waiting)
    return this.lastAsker
  }

  follow(event: DeviceEvent): void {
    this.calls.follow(event)
    this.options.changed('dialog', event.thisDN)
  }

  /** The contacts of a DN that this node owns. */
  contacts(dn: string): RegisteredContact[] {
    return this.owned.get(dn)?.contacts.list() ?? []
  }

  /** How a DN is, with its calls that are known here. */
  address(dn: string): AddressState {
    const owned = this.owned.get(dn)
    const calls = this.calls.snapshot(dn)
    if (owned) return { ...this.stateOf(owned), calls }
    const isOurs = this.options.configuration.current().dn(dn) !== undefined
    return { thisDN: dn, inService: !isOurs, ...this.copies.of(dn), calls }
  }

  /** Every DN that is owned or has calls here. */
  addresses(): AddressState[] {
    return [...new Set([...this.owned.keys(), ...this.calls.dns])].map((dn) => this.address(dn))
  }

  /** What other nodes are told at the beginning. */
  ownAddresses(): AddressState[] {
    return [...this.owned.values()].map((owned) => this.stateOf(owned))
  }

  /** Another node tells all its DNs; what it owned before and does not tell any more has no owner. */
  joined(node: string, addresses: readonly AddressState[]): void {
    this.copies.keep(node, new Set(addresses.map(({ thisDN }) => thisDN)))
    for (const address of addresses) {
      this.told(address)
      this.displace(address)
    }
  }

  /** Another node tells how a DN of its is; it may have become its owner just now. */
  told(address: AddressState): void {
    const { thisDN: dn, node = '', ownerEpoch = 0, agentID } = address
    const owned = this.owned.get(dn)
    if (owned && ownerEpoch < owned.ownerEpoch) return
    if (owned) this.disown(owned)
    const isNew = this.copies.ownerOf(dn) !== node
    const login = agentID !== undefined && this.copies.of(dn)?.agentID !== agentID
    this.copies.put(address)
    const held = isNew ? this.held(dn) : []
    if (held.length > 0) this.options.peers.adopt(node, dn, held)
    if (login || this.contested.has(agentID ?? '')) this.displace(address)
  }

  /** Calls at other nodes that a DN of ours has. */
  adopt(dn: string, seizures: readonly Seizure[]): void {
    this.owned.get(dn)?.adopt(seizures)
  }

  close(): void {
    this.asking?.cancel()
    for (const owned of this.owned.values()) owned.close()
    this.owned.clear()
  }

  private seizeUnowned(request: SeizeRequest, reply: (reply: SeizeReply) => void) {
    if (request.purpose !== 'originate') return reply({ granted: false, cause: 'out-of-service' })
    this.own(request.dn).seize(this.put(reply), { ...request, node: this.options.node.name })
  }

  /** Takes over from whoever owned the DN: his agent stays as he was known to be. */
  private own(dn: string): OwnedDN {
    const former = this.copies.take(dn)
    const order = former.epoch === undefined ? 0 : orderOf(former.epoch) + 1
    const ownerEpoch = ownerEpochOf(order, this.options.node)
    const owned = new OwnedDN(dn, ownerEpoch, this.outside, former.agent)
    this.owned.set(dn, owned)
    owned.adopt(this.held(dn))
    return owned
  }

  /** The calls of this node that a DN has, as its owner would have them seized. */
  private held(dn: string): Seizure[] {
    const { name: node, number } = this.options.node
    const ours = this.calls.snapshot(dn).filter(({ connID }) => parseConnID(connID)?.node === number)
    return ours.map(({ connID, callUUID, partyState, thisQueue }) => {
      const offered = partyState === 'Alerting' && thisQueue !== undefined
      return { connID, callUUID, node, purpose: offered ? 'routed' : 'direct' }
    })
  }

  /**
   * An agent has logged in at two nodes at once, or at the second while the first could not be reached: he stays where
   * he did something last. Both nodes compare the same times, so one of them, and only one, logs him out.
   */
  private displace({ thisDN, agentID, since = '' }: AddressState): void {
    if (agentID === undefined) return
    this.contested.delete(agentID)
    for (const owned of this.owned.values()) {
      if (owned.agent?.agentID !== agentID || owned.dn === thisDN) continue
      const here = timestamp(owned.since)
      if (here > since || (here === since && owned.dn < thisDN)) this.contested.add(agentID)
      else owned.feedAgent({ type: 'logout', by: undefined, onCall: false, reasons: { reason: 'logged-in-elsewhere' } })
    }
  }

  private disown(owned: OwnedDN): void {
    owned.close()
    this.owned.delete(owned.dn)
  }

  private stateOf(owned: OwnedDN): AddressState {
    const { agent, ownerEpoch } = owned
    const { name: node, dc } = this.options.node
    const common = { thisDN: owned.dn, inService: owned.inService, node, dc, ownerEpoch, calls: [] }
    if (agent === undefined) return common
    return {
      ...common,
      agentID: agent.agentID,
      agentStatus: owned.agentStatus,
      ...(agent.workMode !== undefined && { workMode: agent.workMode }),
      reasons: { ...agent.reasons },
      reserved: owned.isReserved,
      since: timestamp(owned.since),
    }
  }

  private outsideOf(runner: Surroundings): Outside {
    const { runtime, configuration, node, log } = this.options
    const person = (agentID: string) => configuration.current().person(agentID)
    return {
      runner,
      clock: runtime.clock,
      tell: (dn, event, by) => this.tell(dn, event, by),
      acknowledge: (_dn, by) => this.requester(by)?.answer({ name: 'EventACK', time: this.now() }),
      refuse: (by, error, words) => this.requester(by)?.refuse(error, words),
      granted: (dn, by) => {
        const agentID = dn.agent?.agentID
        const { ipVersion } = dn.contacts
        const known = { ...(agentID !== undefined && { agentID }), ...(ipVersion && { ipVersion }) }
        this.reply(by, { granted: true, owner: node.name, ...known })
      },
      denied: (by, cause) => this.reply(by, { granted: false, cause }),
      withdraw: (dn, seizure) => this.withdraw(dn, seizure),
      calls: this.calls,
      wrapUp: (agentID) => person(agentID)?.afterCallWork ?? 0,
      broken: (dn, error) => {
        log.error({ dn: dn.dn, err: error }, 'the state of a DN broke: it starts anew with the next REGISTER')
        this.disown(dn)
      },
    }
  }

  private tell(owned: OwnedDN, told: OwnTold, by: Asker): void {
    this.lastEventNo += 1
    const event = {
      ...told,
      thisDN: owned.dn,
      time: this.now(),
      ownerEpoch: owned.ownerEpoch,
      eventNo: this.lastEventNo,
    } as OwnerEvent
    const requester = this.requester(by)
    this.options.publish(event, requester)
    this.options.peers.broadcast(this.stateOf(owned), event, requester)
    if (told.name === 'EventDNOutOfService') this.options.changed('reg', owned.dn)
  }

  private take(by: Asker): Waiting | undefined {
    if (by === undefined) return undefined
    const waiting = this.waiting.get(by)
    this.waiting.delete(by)
    return waiting
  }

  private requester(by: Asker): Requester | undefined {
    const waiting = this.take(by)
    return typeof waiting === 'function' ? undefined : waiting
  }

  private reply(by: number, reply: SeizeReply): void {
    const waiting = this.take(by)
    if (typeof waiting === 'function') waiting(reply)
  }

  private withdraw({ dn }: OwnedDN, { connID, node }: Seizure): void {
    if (node === this.options.node.name) this.options.calls().withdraw(connID, dn)
    else this.options.peers.withdraw(node, connID, dn)
  }

  /** Busy is derived from live calls: what the call's node denies is freed. A seizure is first asked for in its second round. */
  private ask(): void {
    this.asking = this.options.runtime.clock.after(askEvery, () => {
      const seen = new Set<string>()
      for (const owned of this.owned.values())
        for (const seizure of owned.state.seizures) {
          const key = `${owned.dn} ${seizure.connID}`
          seen.add(key)
          if (this.confirmed.has(key)) this.askFor(owned, seizure)
        }
      this.confirmed.clear()
      for (const key of seen) this.confirmed.add(key)
      this.ask()
    })
  }

  private askFor(owned: OwnedDN, { connID, node }: Seizure): void {
    const { dn } = owned
    const { peers, calls } = this.options
    const answered = (holds: boolean | undefined) => {
      if (holds === false || (holds === undefined && peers.state(node) === 'gone')) this.free(owned, connID)
    }
    if (node === this.options.node.name) answered(calls().holds(connID, dn))
    else peers.holds(node, connID, dn, answered)
  }

  private free(owned: OwnedDN, connID: string): void {
    this.options.log.warn({ dn: owned.dn, connID }, 'freed a DN whose call is gone')
    this.calls.drop(owned.dn, connID)
    owned.release(connID, 'unused')
  }

  private inService(): number {
    let count = 0
    for (const owned of this.owned.values()) if (owned.inService) count += 1
    return count
  }

  private now(): string {
    return timestamp(this.options.runtime.clock.wall())
  }
}
