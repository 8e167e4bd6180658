/**
 * The Session Controller (blueprint §4.1.1): the B2BUA in the middle of every call of a node. It creates a call for each
 * INVITE and RequestMakeCall, brings what happens to it, and knows of all what is asked about.
 */

import { runnerSurroundings } from '#platform/machine/runner.ts'
import type { Cell } from '#platform/metrics/metrics.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { fieldId } from '#protocols/sip/message/field-names.ts'
import { formatNameAddr, parseNameAddr } from '#protocols/sip/message/headers/name-addr.ts'
import { hasOptionTag } from '#protocols/sip/message/headers/option-tags.ts'
import { parseReplaces } from '#protocols/sip/message/headers/replaces.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { own } from '#protocols/sip/message/scan.ts'
import { connIDs } from '#protocols/tlib/conn-id.ts'
import { errors } from '#protocols/tlib/errors.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { Request, RequestOf } from '#protocols/tlib/requests.ts'
import type { Call, Consultation, Ending, Fields, Target } from './call/call.ts'
import { CallAtWork, type Surrounding } from './call-at-work.ts'
import { callUUID } from './call-uuid.ts'
import { identityOf } from './identity.ts'
import { type DialogName, sdpOf } from './leg-at-work.ts'
import type { Origin, Requester, SessionController, SessionControllerOptions } from './ports.ts'

export const createSessionController = (options: SessionControllerOptions<Event>): SessionController<Request> =>
  new Controller(options)

const REQUIRE = fieldId('Require')
const REPLACES = fieldId('Replaces')
const JOIN = fieldId('Join')

/** Hears what a session that was refused at once may still tell. */
const nobody: SessionUser = { ended() {} }

type Beginning = Pick<Call, 'origin' | 'ani' | 'dnis' | 'from' | 'identity'> & Partial<Call>

class Controller implements SessionController<Request> {
  private readonly options: SessionControllerOptions<Event>
  private readonly around: Surrounding
  private readonly calls = new Map<string, CallAtWork>()
  private readonly nextConnID: () => string
  private readonly ended: (ending: Ending) => Cell
  private draining = false
  private idle: (() => void)[] = []

  constructor(options: SessionControllerOptions<Event>) {
    this.options = options
    const { runtime, log, metrics, trace, userAgent, ports, node } = options
    this.nextConnID = connIDs(node.number, node.epoch)
    const total = metrics.counter('calls_total', 'Calls that have ended, by who ended them and why', ['by', 'cause'])
    const cells = new Map<string, Cell>()
    this.ended = ({ by, cause }) => {
      const key = `${by} ${cause}`
      const cell = cells.get(key) ?? total.of({ by, cause })
      cells.set(key, cell)
      return cell
    }
    metrics.gauge('calls_active', 'Live calls', () => this.calls.size)
    this.around = {
      runtime,
      log,
      trace,
      userAgent,
      ports,
      machines: runnerSurroundings(runtime.clock, log, metrics),
      locate: (number) => this.locate(number),
      find: (connID) => this.calls.get(connID),
      consultation: (dialog) => this.consultation(dialog),
      over: (call, ending) => this.over(call, ending),
    }
  }

  get active(): number {
    return this.calls.size
  }

  invited(session: IncomingSession): SessionUser {
    const { invite } = session
    const { directory, authenticator } = this.options.ports
    if (this.draining) return this.reject(session, 503)
    const origin = directory.origin(invite)
    if (origin?.kind !== 'trunk') {
      // A stranger is asked for a password as a DN is, or he would find out which DNs there are.
      const verdict = authenticator.authenticate(invite)
      if (!verdict.ok) return this.reject(session, verdict.status, verdict.reason, verdict.fields)
    }
    if (!origin) return this.reject(session, 403)
    // RFC 3261 §8.2.3.
    if (session.offer && sdpOf(session.offer) === undefined)
      return this.reject(session, 415, undefined, [['Accept', 'application/sdp']])
    if (invite.has(REPLACES)) return this.replace(session, origin)
    const beginning = this.readInvite(invite, origin)
    if (!beginning) return this.reject(session, 400)
    return this.admits(beginning.dnis, true) ? this.arrive(session, beginning) : this.reject(session, 503)
  }

  /** Asked once a call: an INVITE that has to come again with credentials is none yet. */
  private admits(dnis: string, byProxy: boolean): boolean {
    const emergency = this.options.ports.directory.isEmergency(dnis)
    return this.options.admitsCall(byProxy && !emergency) || emergency
  }

  /** RFC 3891 §3. Only a DN of ours may: who talks on a trunk is taken over by nobody outside. */
  private replace(session: IncomingSession, origin: Origin): SessionUser {
    const { invite } = session
    const [value, ...more] = invite.headers('Replaces')
    const dialog = value === undefined || more.length > 0 || invite.has(JOIN) ? undefined : parseReplaces(value)
    const remote = sdpOf(session.offer)
    if (dialog === undefined) return this.reject(session, 400, 'Bad Replaces')
    if (origin.kind !== 'dn') return this.reject(session, 403)
    const found = this.consultation(dialog)
    const call = this.calls.get(found?.connID ?? '')
    if (!found || !call) return this.reject(session, 481)
    // §3: it talks already. Without an offer there would be two unknowns.
    if (dialog.earlyOnly) return this.reject(session, 486)
    if (remote === undefined) return this.reject(session, 488)
    return call.replace(session, found.leg, origin.dn, remote)
  }

  private reject(session: IncomingSession, status: number, reason?: string, fields?: Fields): SessionUser {
    session.reject(status, reason, fields)
    return nobody
  }

  private arrive(session: IncomingSession, beginning: Beginning): SessionUser {
    const target = this.locate(beginning.dnis)
    const remote = sdpOf(session.offer)
    const reliable = session.invite.has(REQUIRE) && hasOptionTag(session.invite, 'Require', '100rel')
    const caller = { id: 'a', role: 'caller', state: 'Calling', remote, ...(reliable && { reliable }) } as const
    const crowded = this.calls.size >= this.options.settings().mostCalls
    const callType = typeOf(beginning.origin, target)
    const id = callUUID(this.options.runtime, session.callID)
    const call = this.begin({ ...beginning, callUUID: id, callType, legs: { a: caller } })
    const user = call.begin(session)
    const { origin, dnis } = beginning
    const refused = crowded && !this.options.ports.directory.isEmergency(dnis)
    const full = refused || (origin.kind === 'trunk' && !call.takeTrunk('a', origin.trunk, dnis))
    call.feed({ type: 'arrived', target, refusal: full ? 'overload' : undefined })
    return user
  }

  private begin(beginning: Beginning): CallAtWork {
    const { runtime, node, settings } = this.options
    const { offerTimeout, ringTimeout } = settings()
    const call = new CallAtWork(this.around, {
      callUUID: beginning.callUUID ?? callUUID(runtime),
      connID: this.nextConnID(),
      callType: 'Unknown',
      media: beginning.origin.media,
      dc: node.dc,
      times: { offerTimeout, ringTimeout },
      userData: {},
      parties: [],
      legs: {},
      mediaFailures: 0,
      eventNo: 0,
      cSeq: 0,
      lastParty: 0,
      lastLeg: 0,
      ...beginning,
    })
    this.calls.set(call.connID, call)
    return call
  }

  /** None where its Request-URI or From cannot be read. All of it is copies: a call of an hour keeps no INVITE alive. */
  private readInvite(invite: Message, origin: Origin): Beginning | undefined {
    try {
      const { displayName, uri } = parseNameAddr(invite.header('From') ?? '')
      const dnis = own(this.options.ports.directory.dialled(invite, origin))
      const from = own(formatNameAddr({ displayName, uri }))
      const ani = origin.kind === 'dn' ? origin.dn : origin.number
      const identity = identityOf(invite, origin, from, this.options.ports.directory.uriOf)
      return { origin, ani, dnis: dnis === '' ? 'unknown' : dnis, ...identity }
    } catch (error) {
      if (error instanceof MalformedMessage) return undefined
      throw error
    }
  }

  /** Looked for call by call: it is asked for once a transfer, and kept for nobody else. */
  private consultation(dialog: DialogName): Consultation | undefined {
    for (const call of this.calls.values()) {
      const found = call.consultationOf(dialog)
      if (found) return found
    }
    return undefined
  }

  private locate(number: string): Target | undefined {
    return this.options.ports.directory.destination(number)
  }

  request(request: Request, requester: Requester) {
    if (request.name === 'RequestMakeCall') return this.makeCall(request, requester)
    const connID = 'connID' in request ? request.connID : undefined
    const call = connID === undefined ? undefined : this.calls.get(connID)
    if (call) call.request(request, requester)
    else if (connID === undefined) requester.refuse(errors.unsupported.code, errors.unsupported.words)
    else requester.refuse(errors.invalidConnID.code, errors.invalidConnID.words)
  }

  private makeCall({ thisDN, otherDN, userData }: RequestOf<'RequestMakeCall'>, requester: Requester) {
    const { directory } = this.options.ports
    const caller = directory.destination(thisDN)
    if (caller?.kind !== 'dn') return requester.refuse(errors.unknownDN.code, errors.unknownDN.words)
    if (this.draining || this.calls.size >= this.options.settings().mostCalls) {
      return requester.refuse(errors.wrongState.code, 'the node takes no more calls')
    }
    if (!this.admits(otherDN, false))
      return requester.refuse(errors.wrongState.code, 'the node is overloaded: try again later')
    const uri = directory.uriOf(thisDN)
    const origin: Origin = { kind: 'dn', dn: thisDN, media: caller.media }
    const target = this.locate(otherDN)
    const call = this.begin({
      origin,
      callType: typeOf(origin, target),
      ani: thisDN,
      dnis: otherDN,
      from: `<${uri}>`,
      identity: [['P-Asserted-Identity', `<${uri}>`]],
      summons: { uri, from: `<${directory.uriOf(otherDN)}>` },
      ...(userData && { userData }),
    })
    call.feed({ type: 'made', target, token: call.keep(requester) })
  }

  holds(connID: string, dn: string): boolean {
    const call = this.calls.get(connID)?.data
    if (!call) return false
    const { pending, transfer, parties } = call
    const awaited = pending?.dn === dn || (transfer?.target.kind === 'dn' && transfer.target.dn === dn)
    return awaited || parties.some((party) => party.seized && party.dn === dn)
  }

  withdraw(connID: string, dn: string): void {
    this.calls.get(connID)?.feed({ type: 'withdraw', dn })
  }

  drain(): Promise<void> {
    this.draining = true
    return this.whenIdle()
  }

  stop(): Promise<void> {
    this.draining = true
    for (const call of [...this.calls.values()]) call.feed({ type: 'stop' })
    return this.whenIdle()
  }

  private whenIdle(): Promise<void> {
    if (this.calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.idle.push(resolve))
  }

  private over(call: CallAtWork, ending: Ending | undefined): void {
    this.calls.delete(call.connID)
    if (ending) this.ended(ending).inc()
    if (this.calls.size > 0) return
    for (const resolve of this.idle.splice(0)) resolve()
  }
}

const typeOf = (origin: Origin, target: Target | undefined) =>
  origin.kind === 'trunk' ? 'Inbound' : target?.kind === 'trunk' ? 'Outbound' : 'Internal'
