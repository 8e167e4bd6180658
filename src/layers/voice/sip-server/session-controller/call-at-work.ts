/** A call at work: its machine in a runner, and the edge where its effects meet sessions, owners, events and records. */
import type { Log } from '#platform/log/log.ts'
import { type Owner, Runner, type Surroundings } from '#platform/machine/runner.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { markedCallID } from '#platform/trace/share.ts'
import type { Trace } from '#platform/trace/trace.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { errors } from '#protocols/tlib/errors.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import type { Call, Consultation, Ending, State, Target } from './call/call.ts'
import { brokenCall, callMachine } from './call/call-machine.ts'
import type { Effect, SipEffect } from './call/effect.ts'
import type { Input, InputOf, RequestInput } from './call/input.ts'
import { type DialogName, LegAtWork, type LegOwner, type Respond, sdp, type Told } from './leg-at-work.ts'
import type { Ports, Requester } from './ports.ts'

/** What all calls of a node share. */
export type Surrounding = {
  readonly runtime: Runtime
  readonly log: Log
  readonly trace: Trace
  readonly userAgent: UserAgent
  readonly ports: Ports<Event>
  readonly machines: Surroundings
  locate(number: string): Target | undefined
  /** The live call of that ConnID. */
  find(connID: string): CallAtWork | undefined
  /** The call and leg of that dialog, where two talk in it. */
  consultation(dialog: DialogName): Consultation | undefined
  over(call: CallAtWork, ending: Ending | undefined): void
}

/** A T-Library client, or a leg's side in its dialog, that waits for the answer to its request. */
type Waiting = Requester | Respond
type TrunkLeg = NonNullable<Extract<SipEffect, { type: 'invite' }>['trunk']>
type WithoutTime<I> = I extends { at: number } ? Omit<I, 'at'> : never

/** `by`: the DN of ours on whose behalf it went out. */
type Outside = { readonly trunk: string; readonly by: string | undefined }

export class CallAtWork implements LegOwner, Owner<Effect> {
  readonly connID: string
  readonly callUUID: string
  private readonly around: Surrounding
  private readonly runner: Runner<Effect>
  private readonly machine: { readonly state: State; readonly data: Call }
  private readonly legs = new Map<string, LegAtWork>()
  /** What each leg outside counts for. */
  private readonly outside = new Map<string, Outside>()
  private readonly waiting = new Map<number, Waiting>()
  private lastNumber = 0
  private eventNo = 0
  private isOver = false
  private replacements = 0

  constructor(around: Surrounding, call: Call) {
    this.around = around
    this.connID = call.connID
    this.callUUID = call.callUUID
    this.runner = new Runner<Effect>(around.machines, this)
    this.machine = this.runner.add('call', callMachine, { state: 'New', data: call })
  }

  /** Owner. */
  get name(): string {
    return this.callUUID
  }

  get data(): Call {
    return this.machine.data
  }

  /** Begins with the session whose INVITE began the call, as its leg `a`. */
  begin(session: IncomingSession): SessionUser {
    this.around.trace.belongs(session.callID, this.callUUID)
    const leg = this.leg('a')
    leg.use(session)
    return leg
  }

  /** An INVITE that is to take the place of a leg (RFC 3891). */
  replace(session: IncomingSession, leg: string, dn: string, remote: string): SessionUser {
    this.around.trace.belongs(session.callID, this.callUUID)
    this.replacements += 1
    const by = `r${this.replacements}`
    const atWork = this.leg(by)
    atWork.use(session)
    this.feed({ type: 'replacing', leg, by, dn, remote })
    return atWork
  }

  /** Whether the trunk may have one leg more: it counts from now on. */
  takeTrunk(leg: string, trunk: string, number: string, by?: string): boolean {
    if (!this.around.ports.trunks.take(trunk, number)) return false
    this.outside.set(leg, { trunk, by })
    return true
  }

  /** What keeps a leg from going out, on behalf of this DN where it is of one; it counts from now on where nothing does. */
  private refusalOutside(
    leg: string,
    { name, number }: TrunkLeg,
    by: string | undefined,
  ): 'forbidden' | 'limit' | undefined {
    const { outside } = this.around.ports
    const refusal = by === undefined ? undefined : outside.take(by, number)
    if (refusal !== undefined || this.takeTrunk(leg, name, number, by)) return refusal
    if (by !== undefined) outside.release(by)
    return 'limit'
  }

  request(request: Request, requester: Requester) {
    const token = this.keep(requester)
    const target = 'otherDN' in request && request.otherDN !== undefined ? this.locate(request.otherDN) : undefined
    this.feed({ type: request.name, request, token, target } as WithoutTime<RequestInput>)
  }

  /** Gives the number by which the call will answer. */
  keep(waiting: Waiting): number {
    // A dialog that was cancelled may outlive its call by a moment.
    if (this.isOver && typeof waiting === 'function') {
      waiting(481)
      return 0
    }
    this.lastNumber += 1
    this.waiting.set(this.lastNumber, waiting)
    return this.lastNumber
  }

  feed(input: WithoutTime<Input>) {
    const now = Object.assign(input, { at: this.around.runtime.clock.wall() }) as Input
    if (!this.runner.feed('call', now) && 'token' in input) {
      this.takeRequester(input.token)?.refuse(errors.invalidConnID.code, errors.invalidConnID.words)
    }
  }

  // What its legs need.

  tell(input: Told) {
    const isOver = input.type === 'failed' || input.type === 'ended' || input.type === 'cancelled'
    if (isOver) this.releaseOutside(input.leg)
    this.feed(input)
    if (isOver) this.legs.delete(input.leg)
  }
  locate(number: string): Target | undefined {
    return this.around.locate(number)
  }
  consultation(dialog: DialogName): Consultation | undefined {
    return this.around.consultation(dialog)
  }

  /** Owner. */
  perform(effect: Effect) {
    switch (effect.type) {
      case 'publish':
        return this.publish(effect.event, effect.answers)
      case 'answer':
        return this.takeRequester(effect.token)?.answer(effect.event)
      case 'refuse':
        return this.takeRequester(effect.token)?.refuse(effect.code, effect.message)
      case 'seize':
        return this.seize(effect)
      case 'release':
        return this.around.ports.owners.release({ dn: effect.dn, connID: this.connID, outcome: effect.outcome })
      case 'move':
        return this.around.ports.owners.move({ dn: effect.dn, connID: effect.from, to: effect.to })
      case 'consolidate':
        return this.consolidate(effect)
      case 'withhold':
        return this.around.find(effect.to)?.feed({ type: 'withheld', leg: effect.by })
      case 'handOver':
        return this.handOver(effect)
      case 'giveBack':
        return this.giveBack(effect)
      case 'merged':
        return this.around.find(effect.connID)?.feed({ type: 'merged', into: this.callUUID })
      case 'lookUp':
        return this.feed({ type: 'found', number: effect.number, target: this.locate(effect.number) })
      case 'over':
        return this.finish(effect.ending)
      case 'start':
      case 'stop':
        return
      default:
        return this.performSip(effect)
    }
  }

  private consolidate({ leg: by, consultation }: Extract<Effect, { type: 'consolidate' }>): void {
    const { connID, leg } = consultation
    const named = this.around.find(connID)
    if (named) named.feed({ type: 'surrender', leg, to: this.connID, by })
    else this.feed({ type: 'withheld', leg: by })
  }

  private handOver({ to, given: leg, party, from, by }: Extract<Effect, { type: 'handOver' }>): void {
    const other = this.around.find(to)
    const id = `${leg.id}.${this.connID}`
    if (!other || !this.legs.has(leg.id)) {
      this.feed({ type: 'givenBack', given: leg, party })
      return
    }
    this.pass(leg.id, other, id)
    const { remote, local, talks } = leg
    const given = { id, role: leg.role, state: leg.state, remote, local, ...(talks && { talks }) }
    other.feed({ type: 'received', given, party, from, by })
  }

  private giveBack({ connID, given, party }: Extract<Effect, { type: 'giveBack' }>): void {
    const other = this.around.find(connID)
    if (!other) return
    this.pass(given.id, other, given.id)
    other.feed({ type: 'givenBack', given, party })
  }

  /** The session of the leg is of the other call from now on, under a name that is none of its own. */
  private pass(leg: string, to: CallAtWork, id: string): void {
    const atWork = this.legs.get(leg)
    if (!atWork) return
    to.adopt(id, atWork, this.outside.get(leg))
    this.legs.delete(leg)
    this.outside.delete(leg)
  }

  private adopt(id: string, leg: LegAtWork, outside: Outside | undefined): void {
    if (outside !== undefined) this.outside.set(id, outside)
    leg.moveTo(this, id)
    this.legs.set(id, leg)
  }

  /** The leg whose dialog that is, where two talk. */
  consultationOf(dialog: DialogName): Consultation | undefined {
    if (this.machine.state !== 'Talking') return undefined
    for (const [leg, atWork] of this.legs) {
      if (!atWork.isIn(dialog)) continue
      const party = this.data.parties.find((one) => one.leg === leg)
      return party && { connID: this.connID, leg, dn: party.dn }
    }
    return undefined
  }

  private publish(event: Event, answers: number | undefined): void {
    this.around.ports.publisher.publish(event, this.takeRequester(answers))
    if ('eventNo' in event && typeof event.eventNo === 'number') this.eventNo = event.eventNo
  }

  private takeRequester(token: number | undefined): Requester | undefined {
    const waiting = token === undefined ? undefined : this.take(token)
    return typeof waiting === 'function' ? undefined : waiting
  }

  private respond(request: number, status: number): void {
    const waiting = this.take(request)
    if (typeof waiting === 'function') waiting(status)
  }

  private take(number: number): Waiting | undefined {
    const waiting = this.waiting.get(number)
    this.waiting.delete(number)
    return waiting
  }

  /** A reply that finds the call gone gives the DN back. */
  private seize({ dn, purpose, reservation }: Extract<Effect, { type: 'seize' }>): void {
    const { connID, callUUID } = this
    const { owners } = this.around.ports
    owners.seize({ dn, connID, callUUID, purpose, reservation }, (reply) => {
      if (!this.isOver) this.feed({ type: 'seized', dn, reply })
      else if (reply.granted) owners.release({ dn, connID, outcome: 'unused' })
    })
  }

  private performSip(effect: SipEffect) {
    switch (effect.type) {
      case 'invite':
        return this.invite(effect)
      case 'respond':
        return this.respond(effect.request, effect.status)
      case 'reject':
      case 'cancel':
      case 'bye':
        this.releaseOutside(effect.leg)
        this.legs.get(effect.leg)?.perform(effect)
        this.legs.delete(effect.leg)
        return
      default:
        this.legs.get(effect.leg)?.perform(effect)
    }
  }

  private invite(effect: Extract<SipEffect, { type: 'invite' }>): void {
    const { leg: id, uri, from, body, fields: own, referredBy, trunk } = effect
    const fields = referredBy === undefined ? own : [...own, this.referredBy(referredBy)]
    const { directory } = this.around.ports
    const { origin } = this.data
    const by = referredBy ?? (origin.kind === 'dn' ? origin.dn : undefined)
    const refusal = trunk && this.refusalOutside(id, trunk, by)
    if (refusal !== undefined) {
      const forbidden = refusal === 'forbidden'
      this.feed({ type: 'failed', leg: id, status: forbidden ? 403 : 503, ...(forbidden && { forbidden }) })
      return
    }
    const callID = markedCallID(this.around.runtime.random.hex(12), this.callUUID)
    const offer = body === undefined ? body : sdp(body)
    const outgoing = { requestURI: uri, from, to: `<${uri}>`, fields, body: offer, callID }
    const invitation = trunk === undefined ? outgoing : directory.outwards(trunk.name, outgoing)
    const leg = this.leg(id, trunk === undefined || directory.hasEarlyMedia(trunk.name))
    const session = this.around.userAgent.invite(invitation, leg)
    leg.use(session)
    this.around.trace.belongs(session.callID, this.callUUID)
  }

  /** RFC 3892: our word, since we have authenticated it; what the phone says of itself does not go on. */
  private referredBy(dn: string) {
    return ['Referred-By', `<${this.around.ports.directory.uriOf(dn)}>`] as const
  }

  private releaseOutside(leg: string): void {
    const taken = this.outside.get(leg)
    if (taken === undefined) return
    const { trunks, outside } = this.around.ports
    this.outside.delete(leg)
    trunks.release(taken.trunk)
    if (taken.by !== undefined) outside.release(taken.by)
  }

  private leg(id: string, earlyMedia = true): LegAtWork {
    const leg = new LegAtWork(this, id, earlyMedia)
    this.legs.set(id, leg)
    return leg
  }

  private finish(ending: Ending | undefined): void {
    if (this.isOver) return
    this.isOver = true
    for (const waiting of this.waiting.values()) {
      // RFC 3261 §15.1.2: its transaction would wait for ever.
      if (typeof waiting === 'function') waiting(487)
      else waiting.refuse(errors.invalidConnID.code, errors.invalidConnID.words)
    }
    this.waiting.clear()
    for (const leg of [...this.outside.keys()]) this.releaseOutside(leg)
    this.legs.clear()
    this.runner.end()
    this.around.over(this, ending)
  }

  /** A bug in a step of this call: it alone ends, with BYE to all and complete records. */
  broken(error: unknown): void {
    this.around.log.error({ callUUID: this.callUUID, connID: this.connID, err: error }, 'a bug ended a call')
    const input: InputOf<'stop'> = { type: 'stop', at: this.around.runtime.clock.wall() }
    const { effects } = brokenCall({ ...this.data, eventNo: this.eventNo }, input)
    for (const effect of effects) this.performAnyway(effect)
    this.finish({ by: 'cluster', cause: 'error', status: 500 })
  }

  private performAnyway(effect: Effect): void {
    try {
      this.perform(effect)
    } catch (error) {
      this.around.log.error({ callUUID: this.callUUID, effect: effect.type, err: error }, 'and could not do this')
    }
  }
}
