/**
 * What the tests of the Session Controller share: phones, a carrier and a media server with scripts instead of people,
 * on a virtual network; owners, directory and router that do as they are told; and the checker over every event.
 */
import { expect } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { type Metrics, noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { noTrace } from '#platform/trace/trace.ts'
import { buildMsmlEvent, buildMsmlResult } from '#protocols/media/msml/build-msml.ts'
import { type DialogExit, type MsmlEvent, type MsmlRequest, msmlType } from '#protocols/media/msml/msml.ts'
import { parseMsmlRequest } from '#protocols/media/msml/parse-msml.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { Body, IncomingSession, OutgoingSession, Session, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { type Checker, createChecker } from '#protocols/tlib/checker.ts'
import { type Event, isCallBased } from '#protocols/tlib/events.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import type {
  Destination,
  MediaPolicy,
  Origin,
  Owners,
  Ports,
  Requester,
  SeizeOutcome,
  SeizeRefusal,
  SeizeRequest,
  SessionController,
} from './ports.ts'
import { createSessionController } from './session-controller.ts'
import { validateEvent } from './validate-event.fixture.ts'

/** Of the simulated world, without importing it. */
export type World = {
  host(name: string): Runtime
  complete<T>(promise: Promise<T>): Promise<T>
  run(ms: number): Promise<void>
  crash(name: string): void
}

const port = 5060
const nodeHost = '127.0.0.1'
const mediaHost = '127.0.0.9'
const carrierHost = '127.0.3.1'
const phoneHost = (dn: string): string => `127.0.2.${Number(dn.slice(-2))}`

/** `1001@…` is its phone, `media.…` the media server, an address itself. */
function nextHop(uri: string): Hop | undefined {
  const user = /^<?sip:([^@;>]*)@/.exec(uri)?.[1] ?? ''
  const literal = /@?(127\.\d+\.\d+\.\d+)/.exec(uri)?.[1]
  const host = literal ?? (uri.includes('@media.') ? mediaHost : /^10\d\d$/.test(user) ? phoneHost(user) : undefined)
  return host === undefined ? undefined : { protocol: 'UDP', host, port }
}

async function agentAt(world: World, name: string, host: string, user: string) {
  const runtime = world.host(name)
  const ports = { runtime, log: silentLog, metrics: noMetrics }
  const transport = new SipTransport(ports)
  await world.complete(transport.listenUdp({ host, port }))
  const transactions = new TransactionLayer({ ...ports, transport })
  const agent = createUserAgent({ ...ports, transactions, transport }, { product: name, contactUser: user, nextHop })
  return { runtime, agent, transactions }
}

/** A description of somebody at `host`. */
export const description = (host: string, media = 10_000, direction = 'sendrecv', version = 1): string =>
  [
    'v=0',
    `o=- ${media} ${version} IN IP4 ${host}`,
    's=-',
    `c=IN IP4 ${host}`,
    't=0 0',
    `m=audio ${media} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    `a=${direction}`,
    '',
  ].join('\r\n')

const body = (text: string): Body => ({ type: 'application/sdp', bytes: Buffer.from(text) })
/** Where a description sends its audio and in which direction, e.g. `127.0.2.1:10000`, `… inactive`. */
export const audio = (text: string | undefined): string => {
  if (text === undefined) return 'nothing'
  const host = /c=IN IP4 (\S+)/.exec(text)?.[1]
  const media = /m=audio (\d+)/.exec(text)?.[1]
  const direction = /a=(sendonly|recvonly|inactive)/.exec(text)?.[1]
  return `${host}:${media}${direction ? ` ${direction}` : ''}`
}

type EventOf<Name extends keyof SessionUser> = Parameters<NonNullable<SessionUser[Name]>>[0]

/** One session of a phone: writes down what it hears, and answers what it is told to. */
export class Line implements SessionUser {
  readonly heard: string[] = []
  session: Session | undefined
  /** The last description from the other side. */
  remote: string | undefined
  sdp: string
  readonly requests: Message[] = []
  reofferAnswer: number | undefined

  constructor(sdp: string) {
    this.sdp = sdp
  }
  progressed({ status, body: early }: EventOf<'progressed'>): void {
    this.hear(String(status), early)
  }
  answered({ body: answer, acknowledge }: EventOf<'answered'>): void {
    this.hear('200', answer)
    acknowledge?.(body(this.sdp))
  }
  failed({ status }: EventOf<'failed'>): void {
    this.heard.push(String(status))
  }
  cancelled({ reason }: EventOf<'cancelled'>): void {
    this.heard.push(reason === undefined ? 'CANCEL' : `CANCEL ${reason}`)
  }
  acknowledged({ body: answer }: EventOf<'acknowledged'>): void {
    this.hear('ACK', answer)
  }
  offered({ offer, accept, reject }: EventOf<'offered'>) {
    this.hear('re-INVITE', offer)
    if (this.reofferAnswer !== undefined) return reject(this.reofferAnswer)
    const held = offer !== undefined && /a=(inactive|sendonly)/.exec(offer.bytes.toString())?.[1]
    accept(body(held ? this.sdp.replace('sendrecv', held === 'inactive' ? 'inactive' : 'recvonly') : this.sdp))
  }
  requested({ request, respond }: EventOf<'requested'>): void {
    this.requests.push(request)
    if (request.method !== 'OPTIONS') this.heard.push(request.method)
    respond(200)
  }
  ended({ cause, reason }: EventOf<'ended'>): void {
    const what = cause === 'bye' ? 'BYE' : cause
    this.heard.push(reason === undefined ? what : `${what} ${reason}`)
  }

  // What its person does.

  ring(): void {
    this.incoming.progress(180)
  }
  early(): void {
    this.incoming.progress(183, undefined, body(this.sdp))
  }
  answer(): void {
    this.incoming.accept(body(this.sdp))
  }
  reject(status: number): void {
    this.incoming.reject(status)
  }
  hangUp(): void {
    this.session?.bye()
  }
  cancel(): void {
    ;(this.session as OutgoingSession).cancel()
  }
  reinvite(direction = 'sendrecv'): void {
    this.sdp = this.sdp.replace(/a=(sendrecv|sendonly|recvonly|inactive)/, `a=${direction}`)
    this.session?.reinvite(body(this.sdp), ({ status, body: answer }) => this.hear(`re-INVITE ${status}`, answer))
  }
  send(method: string, fields: readonly (readonly [string, string])[], content?: Body): void {
    this.session?.request(method, ({ status }) => this.heard.push(`${method} ${status}`), fields, content)
  }
  private get incoming(): IncomingSession {
    return this.session as IncomingSession
  }
  private hear(what: string, content: Body | undefined): void {
    if (content) this.remote = content.bytes.toString()
    this.heard.push(content ? `${what} ${audio(this.remote)}` : what)
  }
}

/** A phone: its lines in the order of their calls. */
export class Phone {
  readonly lines: Line[] = []
  private readonly agent: UserAgent
  private readonly user: string
  private readonly host: string
  private lastPort = 10_000
  /** What is done with a call as it comes. */
  onCall: (line: Line) => void = (line) => line.ring()

  constructor(agent: UserAgent, user: string, host: string) {
    this.agent = agent
    this.user = user
    this.host = host
    agent.onInvite((session) => {
      const line = this.newLine()
      line.session = session
      line.heard.push(`INVITE ${audio(session.offer?.bytes.toString())}`)
      line.remote = session.offer?.bytes.toString()
      line.requests.push(session.invite)
      this.onCall(line)
      return { user: line }
    })
  }

  get line(): Line {
    const line = this.lines.at(-1)
    if (!line) throw new Error(`${this.user} has no call`)
    return line
  }

  dial(
    number: string,
    { late = false, from = this.user, fields = [] as readonly (readonly [string, string])[] } = {},
  ): Line {
    const line = this.newLine()
    const uri = `sip:${number}@${nodeHost}`
    const offer = late ? {} : { body: body(line.sdp) }
    line.session = this.agent.invite(
      { requestURI: uri, from: `<sip:${from}@ringmain>`, to: `<${uri}>`, fields, ...offer },
      line,
    )
    return line
  }

  private newLine(): Line {
    this.lastPort += 2
    const line = new Line(description(this.host, this.lastPort))
    this.lines.push(line)
    return line
  }
}

type MediaCall = { readonly session: IncomingSession; readonly uri: string; readonly line: Line }

/** A media server: answers, does what MSML asks, and tells the events that the test wants. */
export class MediaServer {
  readonly calls: MediaCall[] = []
  readonly asked: MsmlRequest[] = []
  /** The status of INVITEs; 200 unless told. */
  status = 200
  /** The result of MSML requests. */
  result = 200
  /** INVITEs wait for `answer` of their line. */
  slow = false

  constructor(agent: UserAgent) {
    agent.onInvite((session) => {
      const line = new Line(description(mediaHost, 20_000 + 2 * this.calls.length))
      line.session = session
      this.calls.push({ session, line, uri: session.invite.requestURI })
      if (this.status !== 200) session.reject(this.status)
      else if (this.slow) line.ring()
      else line.answer()
      return { user: Object.assign(line, { requested: (event: EventOf<'requested'>) => this.requested(event) }) }
    })
  }

  get uris(): string[] {
    return this.calls.map(({ uri }) => uri)
  }
  get call(): MediaCall {
    const call = this.calls.at(-1)
    if (!call) throw new Error('nobody has called the media server')
    return call
  }

  /** The dialog of that name has ended. */
  exit(dialog: string, exit: DialogExit): void {
    this.tell({ name: 'msml.dialog.exit', connection: this.call.session.localTag, dialog, exit })
  }
  silence(call = this.call): void {
    this.tell({ name: 'ringmain.rtp.silent', connection: call.session.localTag, seconds: 20 }, call)
  }
  private tell(event: MsmlEvent, call = this.call): void {
    call.session.request('INFO', () => {}, [], { type: msmlType, bytes: buildMsmlEvent(event) })
  }

  private requested({ request, respond }: EventOf<'requested'>) {
    if (request.method !== 'INFO') return respond(200)
    const asked = parseMsmlRequest(request.body)
    if (!('refused' in asked)) this.asked.push(asked)
    respond(200, undefined, [], { type: msmlType, bytes: buildMsmlResult({ status: this.result }) })
  }
}

/** Owners that grant what the test does not refuse. */
class ScriptedOwners implements Owners {
  readonly log: string[] = []
  readonly refusals = new Map<string, SeizeRefusal>()
  readonly agents = new Set<string>()
  readonly seized = new Map<string, string>()
  /** Seizures of these DNs wait until the test replies. */
  readonly slow = new Map<string, () => void>()

  seize(request: SeizeRequest, reply: Parameters<Owners['seize']>[1]): void {
    const { dn, purpose, connID } = request
    this.log.push(`seize ${dn} ${purpose}${request.reservation ? ` ${request.reservation}` : ''}`)
    const refusal = this.refusals.get(dn) ?? (this.seized.has(dn) && purpose !== 'originate' ? 'busy' : undefined)
    const answer = () => {
      if (refusal) return reply({ granted: false, cause: refusal })
      this.seized.set(dn, connID)
      reply({ granted: true, owner: 'node1', ...(this.agents.has(dn) && { agentID: `agent${dn}` }) })
    }
    if (this.slow.has(dn)) this.slow.set(dn, answer)
    else answer()
  }
  release({ dn, outcome }: { dn: string; outcome: SeizeOutcome }): void {
    this.log.push(`release ${dn} ${outcome}`)
    this.seized.delete(dn)
  }
  move(): void {}
}

/** One requester: what it was told. */
export class Asking implements Requester {
  readonly told: string[] = []
  event: object | undefined
  answer(event: Event): void {
    this.event = event
    this.told.push(event.name.slice(5))
  }
  refuse(errorCode: number, errorMessage: string): void {
    this.told.push(`Error ${errorCode} ${errorMessage}`)
  }
}

export type Setting = {
  readonly media?: MediaPolicy
  readonly mostCalls?: number
  readonly defaultDestination?: string
}

export async function rig(world: World, setting: Setting = {}) {
  const node = await agentAt(world, 'node', nodeHost, 'node1')
  const media = new MediaServer((await agentAt(world, 'media', mediaHost, 'media')).agent)
  const carrierAgent = await agentAt(world, 'carrier', carrierHost, 'carrier')
  const carrier = new Phone(carrierAgent.agent, '+442079460018', carrierHost)
  const phones = new Map<string, Phone>()
  for (const dn of ['1001', '1002', '1003']) {
    phones.set(dn, new Phone((await agentAt(world, dn, phoneHost(dn), dn)).agent, dn, phoneHost(dn)))
  }
  const owners = new ScriptedOwners()
  const checker = createChecker('full')
  const published: Event[] = []
  const publisher = publishing(node.runtime, published, checker)
  const challenged = new Set<string>()
  const ports: Ports<Event> = {
    owners,
    publisher,
    directory: directory(setting),
    authenticator: {
      authenticate: (request) =>
        [...challenged].some((dn) => request.header('From')?.includes(dn))
          ? {
              ok: false,
              status: 401,
              reason: 'Unauthorized',
              fields: [['WWW-Authenticate', 'Digest realm="ringmain"']],
            }
          : { ok: true },
    },
  }
  const ended: string[] = []
  const unexpected: string[] = []
  const controller = createSessionController({
    runtime: node.runtime,
    log: silentLog,
    metrics: counting(ended, unexpected),
    trace: noTrace,
    userAgent: node.agent,
    ports,
    node: { name: 'node1.dc1', dc: 'dc1', number: 1, epoch: 1 },
    settings: () => ({ offerTimeout: 15_000, ringTimeout: 60_000, mostCalls: setting.mostCalls ?? 100 }),
  })
  node.agent.onInvite((session) => ({ user: controller.invited(session) }))
  const phone = (dn: string): Phone => phones.get(dn) as Phone
  return {
    world,
    controller,
    media,
    carrier,
    owners,
    publisher,
    published,
    challenged,
    ended,
    phone,
    ...asking(controller, published),
    /** Device events since the last call, e.g. `Ringing 1002`, `Released 1002 Busy`. */
    events: reading(published),
    callBased: () => published.filter(isCallBased),
    /** Everything is over: no rule was broken, nobody is seized, nothing is open. */
    async settled() {
      await world.run(70_000)
      expect(checker.end()).toEqual([])
      expect(unexpected).toEqual([])
      expect(controller.active).toBe(0)
      expect([...owners.seized]).toEqual([])
      expect(node.agent.counts()).toEqual({ sessions: 0, dialogs: 0, requests: 0 })
    },
  }
}
export type Rig = Awaited<ReturnType<typeof rig>>

function publishing(runtime: Runtime, published: Event[], checker: Checker) {
  return {
    /** Publishing an event of this name is where a bug is. */
    sabotaged: undefined as string | undefined,
    publish(event: Event, answers?: Requester): void {
      if (event.name === this.sabotaged) throw new TypeError('a bug')
      validateEvent(event)
      published.push(event)
      checker.event(structuredClone(event))
      runtime.clock.turn(() => checker.turn())
      ;(answers as Asking | undefined)?.told.push(event.name.slice(5))
    },
  }
}

const counting = (ended: string[], unexpected: string[]): Metrics => ({
  ...noMetrics,
  counter: (name) => {
    const counted = name === 'calls_total' ? ended : unexpected
    return { of: (labels) => ({ inc: () => void counted.push(Object.values(labels).join(' ')) }), inc() {} }
  },
})

function directory({ media = 'direct', defaultDestination }: Setting): Ports<Event>['directory'] {
  const services: Record<string, 'echo' | 'announcement' | 'music'> = {
    8900: 'echo',
    8901: 'announcement',
    8902: 'music',
  }
  const destination = (number: string): Destination | undefined => {
    const service = services[number]
    if (service) return { kind: 'service', dn: number, service }
    if (/^10\d\d$/.test(number)) return { kind: 'dn', dn: number, media }
    if (/^80\d\d$/.test(number)) {
      return { kind: 'routing-point', dn: number, media, ...(defaultDestination && { defaultDestination }) }
    }
    if (!/^\+?\d{5,}$/.test(number)) return undefined
    return { kind: 'trunk', trunk: 'carrier', number, uri: `sip:${number}@${carrierHost}:${port}`, media }
  }
  const origin = (invite: Message): Origin | undefined => {
    const user = /sip:([^@>]+)@/.exec(invite.header('From') ?? '')?.[1] ?? ''
    if (/^10\d\d$/.test(user)) return { kind: 'dn', dn: user, media }
    return user.startsWith('+') ? { kind: 'trunk', trunk: 'carrier', number: user, media } : undefined
  }
  return { uriOf: (dn) => `sip:${dn}@ringmain`, destination, origin }
}

function asking(controller: SessionController<Request>, published: readonly Event[]) {
  const connID = (): string => {
    const event = published.findLast((one) => 'connID' in one)
    return event && 'connID' in event && event.connID ? event.connID : '0001000100000001'
  }
  let refID = 0
  return {
    connID,
    /** Asks about the last call. */
    ask(name: string, parts: object = {}): Asking {
      refID += 1
      const requester = new Asking()
      controller.request({ name, refID, connID: connID(), ...parts } as unknown as Request, requester)
      return requester
    },
  }
}

function reading(published: readonly Event[]) {
  let told = 0
  return (): string[] => {
    const news = published.slice(told).filter((event) => !isCallBased(event))
    told = published.length
    return news.map((event) => {
      const { thisDN, callState } = event as { thisDN?: string; callState?: string }
      return [event.name.slice(5), thisDN, callState].filter(Boolean).join(' ')
    })
  }
}

/** The ending that EventCallDeleted tells; the last device event tells the same, where a device was there to the end. */
export function endingOf({ published }: Pick<Rig, 'published'>): object | undefined {
  const deleted = published.findLast((event) => event.name === 'EventCallDeleted')
  const last = published.findLast((event) => !isCallBased(event))
  const ending = deleted && 'extensions' in deleted ? deleted.extensions?.Ending : undefined
  const left = last && 'callState' in last && last.callState === 'Transferred'
  if (last && 'extensions' in last && !left) expect(last.extensions?.Ending).toEqual(ending)
  return ending as object | undefined
}
