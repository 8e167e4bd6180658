/**
 * One DN at its owner: its machine and that of the agent logged in on it, run together, since one decides about the
 * other. What they decide goes out through `Outside`.
 */
import { Runner, type Surroundings } from '#platform/machine/runner.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import type { AddressState } from '#protocols/tlib/attributes.ts'
import type { ErrorName } from '#protocols/tlib/errors.ts'
import type { SeizeOutcome, SeizeRefusal } from '../session-controller/ports.ts'
import {
  type Agent,
  type Effect as AgentEffect,
  type Input as AgentInput,
  type AgentTold,
  type Asker,
  agentMachine,
  nobody,
} from './agent.ts'
import type { Bid } from './bid.ts'
import { Bids } from './bids.ts'
import type { CallsOnDevices } from './calls-on-devices.ts'
import { Contacts } from './contacts.ts'
import {
  type DN,
  type Effect as DNEffect,
  type Input as DNInput,
  dnMachine,
  noDN,
  type Seizure,
  type Wanted,
} from './dn.ts'

/** An event of the DN or its agent, without what its owner puts on each. */
export type OwnTold =
  | AgentTold
  | { readonly name: 'EventDNBackInService' | 'EventDNOutOfService'; readonly agentID?: string }
  | ({
      readonly name: 'EventAgentReserved'
      readonly agentID: string
      readonly timeout: number
      readonly reservationID: string
    } & {
      readonly connID?: string
      readonly callUUID?: string
      readonly priority?: number
      readonly extensions?: object
    })

export interface Outside {
  readonly runner: Surroundings
  readonly clock: Clock
  tell(dn: OwnedDN, event: OwnTold, by: Asker): void
  acknowledge(dn: OwnedDN, by: Asker): void
  refuse(by: Asker, error: ErrorName, words: string): void
  granted(dn: OwnedDN, by: number): void
  denied(by: number, cause: SeizeRefusal): void
  withdraw(dn: OwnedDN, seizure: Seizure): void
  readonly calls: CallsOnDevices
  /** Seconds of after-call work. */
  wrapUp(agentID: string): number
  broken(dn: OwnedDN, error: unknown): void
}

export class OwnedDN {
  readonly dn: string
  /** Of the owner's term over this DN: see `owner-epoch.ts`. */
  ownerEpoch: number
  readonly contacts: Contacts
  /** Since when the agent is in his state, wall-clock ms. */
  since: number
  private readonly outside: Outside
  private readonly runner: Runner<AgentEffect | DNEffect>
  private readonly agentHandle
  private readonly dnHandle
  private readonly bids: Bids

  constructor(
    dn: string,
    ownerEpoch: number,
    outside: Outside,
    agent?: { state: AddressState['agentStatus']; data: Agent },
  ) {
    this.dn = dn
    this.ownerEpoch = ownerEpoch
    this.outside = outside
    this.since = outside.clock.wall()
    this.runner = new Runner(outside.runner, {
      name: `dn/${dn}`,
      perform: (effect) => this.perform(effect),
      broken: (error) => outside.broken(this, error),
    })
    const first = { state: agent?.state ?? ('LoggedOut' as const), data: agent?.data ?? nobody }
    this.agentHandle = this.runner.add('agent', agentMachine, first)
    this.dnHandle = this.runner.add('dn', dnMachine, { state: 'OutOfService', data: noDN })
    this.contacts = new Contacts(outside.clock, () => this.lost())
    this.bids = new Bids(
      outside.clock,
      (bid) => this.agentHandle.feed({ type: 'reserve', bid }),
      (bid) => outside.refuse(bid.by, 'resourceSeized', 'another call was before this one'),
    )
  }

  get inService(): boolean {
    return this.dnHandle.state !== 'OutOfService'
  }
  get agent(): Agent | undefined {
    return this.agentHandle.state === 'LoggedOut' ? undefined : this.agentHandle.data
  }
  get agentStatus() {
    return this.agentHandle.state
  }
  get state(): DN {
    return this.dnHandle.data
  }
  get isReserved(): boolean {
    return this.dnHandle.state === 'Reserved'
  }

  /** A phone is registered. */
  found(): void {
    if (this.inService) return
    this.feedDN({ type: 'inService' })
    this.feedAgentIfAny({ type: 'backInService' })
  }

  /** The last phone is gone. The agent learns it before his offers end, so that he may resume when it comes back. */
  lost(): void {
    if (!this.inService) return
    this.feedDN({ type: 'outOfService' })
    this.feedAgentIfAny({ type: 'outOfService' })
    for (const seizure of this.state.seizures) this.outside.withdraw(this, seizure)
  }

  feedAgent(input: AgentInput): void {
    this.agentHandle.feed(input)
  }

  bid(bid: Bid): void {
    this.bids.bid(bid)
  }

  seize(by: number, wanted: Wanted): void {
    const ready = this.agentStatus === 'Ready' || this.agentStatus === 'LoggedOut'
    this.feedDN({ type: 'seize', by, wanted, ready })
  }

  /** A seizure ends; what that means for the agent is told before the end of his call is. */
  release(connID: string, outcome: SeizeOutcome): void {
    const seizure = this.seizure(connID)
    if (seizure === undefined) return
    this.feedDN({ type: 'release', connID })
    if (this.agent === undefined) return
    const missed = outcome === 'no-answer' || outcome === 'rejected' || outcome === 'out-of-service'
    if (missed && seizure.purpose === 'routed') this.feedAgent({ type: 'offerMissed', reason: outcome })
    else if (outcome === 'ended') this.ended(seizure)
    const { reservationID } = seizure
    if (reservationID !== undefined && this.agentStatus === 'Ready' && !this.outside.calls.has(this.dn, connID))
      this.tellUnreserved(reservationID, 'unused')
  }

  move(connID: string, to: string): void {
    if (this.seizure(connID)) this.feedDN({ type: 'move', connID, to })
  }

  /** Calls that were seized with a former owner. */
  adopt(seizures: readonly Seizure[]): void {
    if (seizures.length > 0) this.feedDN({ type: 'adopt', seizures })
  }

  close(): void {
    this.bids.close()
    this.contacts.close()
    this.runner.end()
  }

  seizure(connID: string): Seizure | undefined {
    return this.state.seizures.find((seizure) => seizure.connID === connID)
  }

  private feedDN(input: DNInput): void {
    this.dnHandle.feed(input)
  }

  private feedAgentIfAny(input: AgentInput): void {
    if (this.agent !== undefined) this.feedAgent(input)
  }

  private ended({ connID }: Seizure): void {
    const { outside, dn } = this
    const seconds = outside.wrapUp(this.agent?.agentID ?? '')
    if (seconds === 0 || !outside.calls.isBusiness(dn, connID)) return
    if (this.state.seizures.some((other) => outside.calls.isBusiness(dn, other.connID))) return
    this.feedAgent({ type: 'wrapUp', seconds, connID, callUUID: outside.calls.callUUID(dn, connID) ?? '' })
  }

  private perform(effect: AgentEffect | DNEffect) {
    const { outside } = this
    switch (effect.type) {
      case 'tellAgent':
        this.since = outside.clock.wall()
        return outside.tell(this, effect.event, effect.by)
      case 'tellDN': {
        const agentID = this.agent?.agentID
        return outside.tell(this, { name: effect.name, ...(agentID !== undefined && { agentID }) }, undefined)
      }
      case 'acknowledge':
        return outside.acknowledge(this, effect.by)
      case 'refuse':
        return outside.refuse(effect.by, effect.error, effect.words)
      case 'granted':
        return outside.granted(this, effect.by)
      case 'denied':
        return outside.denied(effect.by, effect.cause)
      case 'reserve':
        return this.feedDN({ type: 'reserve', bid: effect.bid })
      case 'free':
        return this.isReserved ? this.feedDN({ type: 'free' }) : undefined
      case 'reserved':
        return this.tellReserved(effect.bid)
      case 'unreserved':
        return this.tellUnreserved(effect.bid.reservationID, effect.cause)
    }
  }

  private tellReserved({ by, connID, callUUID, priority, timeout, reservationID }: Bid): void {
    const of = { ...(connID !== undefined && { connID }), ...(callUUID !== undefined && { callUUID }) }
    const agentID = this.agent?.agentID ?? ''
    this.outside.tell(this, { name: 'EventAgentReserved', agentID, timeout, reservationID, priority, ...of }, by)
  }

  /** A reservation that ends without a call: EventAgentReserved without a call, with `Ended`, since Ready is not repeated. */
  private tellUnreserved(reservationID: string, cause: string): void {
    const agentID = this.agent?.agentID
    if (agentID === undefined) return
    const extensions = { Ended: cause }
    this.outside.tell(this, { name: 'EventAgentReserved', agentID, timeout: 1, reservationID, extensions }, undefined)
  }
}
