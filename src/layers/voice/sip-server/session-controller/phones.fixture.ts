/** Phones and a media server with scripts instead of people, on a virtual network, over real SIP. */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { isInfoDigit, parseInfoDigit } from '#protocols/media/dtmf/info-digit.ts'
import { buildMsmlEvent, buildMsmlResult } from '#protocols/media/msml/build-msml.ts'
import { type DialogExit, type MsmlEvent, type MsmlRequest, msmlType } from '#protocols/media/msml/msml.ts'
import { parseMsmlRequest } from '#protocols/media/msml/parse-msml.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { Body, IncomingSession, OutgoingSession, Session, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent, UserAgentOptions } from '#protocols/sip/core/user-agent.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'

/** Of the simulated world, without importing it. */
export type World = {
  host(name: string): Runtime
  complete<T>(promise: Promise<T>): Promise<T>
  run(ms: number): Promise<void>
  crash(name: string): void
}

export const port = 5060
export const nodeHost = '127.0.0.1'
export const mediaHost = '127.0.0.9'
export const carrierHost = '127.0.3.1'
export const phoneHost = (dn: string): string => `127.0.2.${Number(dn.slice(-2))}`

/** `1001@…` is its phone, `media.…` the media server, an address itself. */
export function nextHop(uri: string): Hop | undefined {
  const user = /^<?sip:([^@;>]*)@/.exec(uri)?.[1] ?? ''
  const literal = /@?(127\.\d+\.\d+\.\d+)/.exec(uri)?.[1]
  const host = literal ?? (uri.includes('@media.') ? mediaHost : /^10\d\d$/.test(user) ? phoneHost(user) : undefined)
  return host === undefined ? undefined : { protocol: 'UDP', host, port }
}

export async function agentAt(
  world: World,
  name: string,
  host: string,
  user: string,
  options: Partial<UserAgentOptions> = {},
) {
  const runtime = world.host(name)
  const ports = { runtime, log: silentLog, metrics: noMetrics }
  const transport = new SipTransport(ports)
  await world.complete(transport.listenUdp({ host, port }))
  const transactions = new TransactionLayer({ ...ports, transport })
  const agent = createUserAgent(
    { ...ports, transactions, transport },
    { product: name, contactUser: user, nextHop, ...options },
  )
  return { runtime, agent, transactions }
}

/** A description of somebody at `host`. */
export const description = (host: string, media = 10_000, direction = 'sendrecv', version = 1): string =>
  [
    'v=0',
    `o=- ${media} ${version} ${at(host)}`,
    's=-',
    `c=${at(host)}`,
    't=0 0',
    `m=audio ${media} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    `a=${direction}`,
    '',
  ].join('\r\n')

const at = (host: string): string => `IN IP${host.includes(':') ? 6 : 4} ${host}`

const body = (text: string): Body => ({ type: 'application/sdp', bytes: Buffer.from(text) })
/** Where a description sends its audio and in which direction, e.g. `127.0.2.1:10000`, `… inactive`. */
const audio = (text: string | undefined): string => {
  if (text === undefined) return 'nothing'
  const host = /c=IN IP[46] (\S+)/.exec(text)?.[1]
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
  /** Takes another port with each offer, as a browser does that begins ICE anew. */
  moves = false
  /** Leaves offers unanswered. */
  slow = false
  /** Makes no offer when it is asked for one. */
  refusesLate = false
  /** Accepts without a description when it is asked for an offer. */
  offersNothing = false
  /** The status it answers NOTIFY with, where that is not 200. */
  refusedNotify: number | undefined

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
    if (this.slow) return undefined
    if (this.reofferAnswer !== undefined) return reject(this.reofferAnswer)
    if (offer === undefined && this.refusesLate) return reject(488)
    if (offer === undefined && this.offersNothing) return accept({ type: 'text/plain', bytes: Buffer.from('nothing') })
    if (this.moves && offer !== undefined)
      this.sdp = this.sdp.replace(/m=audio (\d+)/, (_, port) => `m=audio ${Number(port) + 2}`)
    const held = offer !== undefined && /a=(inactive|sendonly)/.exec(offer.bytes.toString())?.[1]
    accept(body(held ? this.sdp.replace('sendrecv', held === 'inactive' ? 'inactive' : 'recvonly') : this.sdp))
  }
  requested({ request, respond }: EventOf<'requested'>): void {
    this.requests.push(request)
    if (request.method !== 'OPTIONS') this.heard.push(request.method)
    respond(request.method === 'NOTIFY' ? (this.refusedNotify ?? 200) : 200)
  }
  ended({ cause, reason }: EventOf<'ended'>): void {
    const what = cause === 'bye' ? 'BYE' : cause
    this.heard.push(reason === undefined ? what : `${what} ${reason}`)
  }

  // What its person does.

  ring(fields: readonly (readonly [string, string])[] = []): void {
    this.incoming.progress(180, undefined, undefined, fields)
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
  redirect(status: number, contacts: readonly string[]): void {
    const fields = contacts.map((contact) => ['Contact', contact] as const)
    this.incoming.reject(status, undefined, fields)
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
  /** A re-INVITE without an offer, and this direction in the answer to theirs. */
  reinviteLate(direction = 'sendrecv'): void {
    this.sdp = this.sdp.replace(/a=(sendrecv|sendonly|recvonly|inactive)/, `a=${direction}`)
    this.session?.reinvite(undefined, ({ status, body: offer, acknowledge }) => {
      this.hear(`re-INVITE ${status}`, offer)
      acknowledge?.(body(this.sdp))
    })
  }
  /** An offer before there is an answer. */
  update(): void {
    this.send('UPDATE', [], body(this.sdp))
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
  /** Its lines speak WebRTC: descriptions with ICE. */
  isBrowser = false
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
    const ice = this.isBrowser ? 'a=ice-ufrag:u\r\n' : ''
    const line = new Line(description(this.host, this.lastPort) + ice)
    line.moves = this.isBrowser
    this.lines.push(line)
    return line
  }
}

type MediaCall = { readonly session: IncomingSession; readonly uri: string; readonly line: Line }

/** A media server: answers, does what MSML asks, and tells the events that the test wants. */
export class MediaServer {
  readonly calls: MediaCall[] = []
  readonly asked: MsmlRequest[] = []
  /** Digits that it was told by INFO. */
  readonly digits: (string | undefined)[] = []
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
  /** Those that it was asked for, in the order of the INVITEs. */
  get conferences(): string[] {
    return this.uris.map((uri) => uri.slice('sip:'.length, uri.indexOf('@')))
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
    if (isInfoDigit(request.contentType)) this.digits.push(parseInfoDigit(request.body.toString()))
    if (request.contentType !== msmlType) return respond(200)
    const asked = parseMsmlRequest(request.body)
    if (!('refused' in asked)) this.asked.push(asked)
    respond(200, undefined, [], { type: msmlType, bytes: buildMsmlResult({ status: this.result }) })
  }
}
