/** A user agent on the transactions it is given (RFC 3261 §8, §12–§15): it becomes their only user. */
import type { Log } from '#platform/log/log.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { buildRequest } from '../message/build-request.ts'
import type { Message } from '../message/message.ts'
import { defaultTiming, type Timing } from '../transaction/timers.ts'
import type { Transactions } from '../transaction/transactions.ts'
import type { Hop, Transport } from '../transport/transport.ts'
import { CallerSession, firstURI } from './caller-session.ts'
import type { DialogSession } from './dialog-session.ts'
import type { Drive } from './machine-in-turn.ts'
import type { Subscribing } from './notifier.ts'
import { OneRequest } from './request-outcome.ts'
import type { IncomingSession, OutgoingSession, RequestOutcome, SessionUser } from './session.ts'
import type { SessionOwner } from './session-owner.ts'
import { SessionTable } from './session-table.ts'
import type { SessionTimerPolicy } from './session-timer.ts'
import type { Invitation, OutgoingRequest, Respond, UserAgent, UserAgentOptions } from './user-agent.ts'
import { UserAgentFields } from './user-agent-fields.ts'
import { UserAgentServer } from './user-agent-server.ts'

export type UserAgentPorts = {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly log: Log
  readonly metrics: Metrics
  readonly transactions: Transactions
  /** The one under the transactions: it knows what our Contact names. */
  readonly transport: Pick<Transport, 'sentBy'>
}

export const createUserAgent = (ports: UserAgentPorts, options: UserAgentOptions): UserAgent =>
  new TransactionUserAgent(ports, options)

class TransactionUserAgent implements UserAgent, SessionOwner {
  readonly drive: Drive
  readonly timing: Pick<Timing, 'T1' | 'T2'>
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly log: Log
  readonly transactions: Transactions
  readonly fields: UserAgentFields
  readonly sessionTimer: SessionTimerPolicy | undefined
  private readonly options: UserAgentOptions
  private readonly sessions = new SessionTable()
  private readonly server: UserAgentServer
  /** Our requests outside dialogs that have no final response yet. */
  private waiting = 0

  constructor({ runtime, log, metrics, transactions, transport }: UserAgentPorts, options: UserAgentOptions) {
    this.runtime = runtime
    this.log = log
    this.transactions = transactions
    this.options = options
    this.fields = new UserAgentFields(options, transport)
    this.sessionTimer = options.sessionTimer
    this.timing = { T1: options.T1 ?? defaultTiming.T1, T2: options.T2 ?? defaultTiming.T2 }
    this.drive = measured(metrics, runtime, this.sessions)
    this.server = new UserAgentServer(this, this.sessions)
    metrics.gauge(
      'sip_subscriptions',
      'Subscriptions that are told of changes here',
      () => this.server.subscriptions.size,
    )
    transactions.use(this.server)
  }

  invite(invitation: Invitation, user: SessionUser): OutgoingSession {
    const session = new CallerSession(this, invitation, user)
    this.sessions.add(session)
    try {
      session.start(invitation)
    } catch (error) {
      // What cannot be written (a Route that is none, a field with a line break) leaves nothing behind.
      this.sessions.remove(session)
      throw error
    }
    return session
  }

  request(request: OutgoingRequest, done: (outcome: RequestOutcome) => void): void {
    const { method, requestURI, route = [], body } = request
    const { random, clock } = this.runtime
    const { callID = random.hex(12), cseq = 1 } = request
    const user = new OneRequest((outcome) => {
      this.waiting--
      done(outcome)
    })
    const hop = this.nextHop(firstURI(route, requestURI))
    if (hop === undefined) {
      this.waiting++
      clock.turn(() => user.failed('transport'))
      return
    }
    const contact = this.fields.contact(method, hop)
    const fields = this.fields.ofRequest(method, request.fields)
    const from = `${request.from};tag=${random.hex(5)}`
    const parts = { method, requestURI, from, to: request.to, callID, cseq, route, contact, fields, body }
    this.transactions.request(buildRequest(parts), hop, user)
    this.waiting++
  }

  onInvite(handler: (incoming: IncomingSession) => { user: SessionUser }): void {
    this.server.onInvite = handler
  }

  onRequest(handler: (request: Message, respond: Respond, from: Hop) => void): void {
    this.server.onRequest = handler
  }

  onSubscribe(handler: (request: Message) => Subscribing): void {
    this.server.onSubscribe = handler
  }

  counts(): { sessions: number; dialogs: number; requests: number } {
    const { size, dialogs } = this.sessions
    return { sessions: size, dialogs, requests: this.waiting + this.server.unanswered }
  }

  /** SessionOwner. */
  nextHop(uri: string): Hop | undefined {
    return this.options.nextHop(uri)
  }

  /** SessionOwner. */
  retire(session: DialogSession): void {
    this.sessions.remove(session)
  }
}

function measured(metrics: Metrics, { clock }: Pick<Runtime, 'clock'>, sessions: SessionTable): Drive {
  const labels = ['machine', 'state', 'input'] as const
  const unexpected = metrics.counter('sip_session_unexpected_total', 'Inputs without a meaning in their state', labels)
  metrics.gauge('sip_sessions', 'INVITE sessions that have not ended', () => sessions.size)
  return { clock, unexpected: (machine, state, input) => unexpected.of({ machine, state, input }).inc() }
}
