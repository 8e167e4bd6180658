/** What the tests of the user agent share: phones on a virtual network, a peer that is bytes alone, and an ear. */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { buildRequest, type RequestParts } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { TransactionLayer } from '../transaction/layer.ts'
import { SipTransport } from '../transport/sip-transport.ts'
import type { Hop } from '../transport/transport.ts'
import { createUserAgent } from './create-user-agent.ts'
import type { Body, IncomingSession, RequestOutcome, SessionUser } from './session.ts'
import type { Invitation, UserAgent, UserAgentOptions } from './user-agent.ts'

export const sdp = (text: string): Body => ({ type: 'application/sdp', bytes: Buffer.from(text) })

const aliceHost = '127.0.0.1'
export const bobHost = '127.0.0.2'
export const rawHost = '127.0.0.3'
export const bobURI = `sip:bob@${bobHost}:5060`
export const rawURI = `sip:raw@${rawHost}:5060`

/** With an offer; `late` is without. */
export const call: Invitation = {
  requestURI: bobURI,
  from: `<sip:alice@${aliceHost}>`,
  to: `<${bobURI}>`,
  body: sdp('offer'),
}
export const late: Invitation = { requestURI: bobURI, from: call.from, to: call.to }

type EventOf<Name extends keyof SessionUser> = Parameters<NonNullable<SessionUser[Name]>>[0]

/** A session user that writes down what it hears, bodies in brackets, and answers what it is told to. */
export class Ear implements SessionUser {
  readonly heard: string[] = []
  readonly responses: Message[] = []
  onAnswered: (event: EventOf<'answered'>) => void = () => {}
  onOffered: (event: EventOf<'offered'>) => void = ({ accept }) => accept(sdp('re-answer'))
  onRequested: (event: EventOf<'requested'>) => void = ({ respond }) => respond(200)

  progressed({ status, body, response }: EventOf<'progressed'>): void {
    this.responses.push(response)
    this.hear(String(status), body)
  }
  answered(event: EventOf<'answered'>): void {
    this.responses.push(event.response)
    this.hear('answered', event.body)
    this.onAnswered(event)
  }
  failed({ status, reason, response }: EventOf<'failed'>): void {
    if (response !== undefined) this.responses.push(response)
    this.hear(`failed ${status} ${reason}`)
  }
  cancelled({ reason }: EventOf<'cancelled'>): void {
    this.hear(reason === undefined ? 'cancelled' : `cancelled ${reason}`)
  }
  acknowledged({ body }: EventOf<'acknowledged'>): void {
    this.hear('acknowledged', body)
  }
  offered(event: EventOf<'offered'>): void {
    this.hear('offered', event.offer)
    this.onOffered(event)
  }
  offerCancelled(): void {
    this.hear('offer cancelled')
  }
  requested(event: EventOf<'requested'>): void {
    this.hear(`requested ${event.request.method}`)
    this.onRequested(event)
  }
  ended({ cause, reason }: EventOf<'ended'>): void {
    this.hear(reason === undefined ? `ended ${cause}` : `ended ${cause} ${reason}`)
  }
  private hear(what: string, body?: Body) {
    this.heard.push(body === undefined ? what : `${what} [${body.bytes}]`)
  }
}

/** Of the simulated world, without importing it. */
type World = {
  host(name: string): Runtime
  complete<T>(promise: Promise<T>): Promise<T>
  run(ms: number): Promise<void>
}
type Protocol = 'UDP' | 'TCP'
export type Setting = { readonly protocol?: Protocol; readonly options?: Partial<UserAgentOptions> }

/** A user agent at port 5060 of its own host. */
export async function phone(world: World, name: string, host: string, { protocol = 'UDP', options }: Setting = {}) {
  const runtime = world.host(name)
  const ports = { runtime, log: silentLog, metrics: noMetrics }
  const transport = new SipTransport(ports)
  await world.complete(transport.listenUdp({ host, port: 5060 }))
  await world.complete(transport.listen('TCP', { host, port: 5060 }))
  const transactions = new TransactionLayer({ ...ports, transport })
  const nextHop = (uri: string): Hop | undefined => {
    const [, host, port = '5060'] = /(127\.0\.0\.\d+)(?::(\d+))?/.exec(uri) ?? []
    return host === undefined ? undefined : { protocol, host, port: Number(port) }
  }
  const common = { product: 'Test/1', contactUser: name, nextHop }
  const agent = createUserAgent({ ...ports, transactions, transport }, { ...common, ...options })
  return { agent, transactions }
}
export type Phone = Awaited<ReturnType<typeof phone>>

export async function twoPhones(world: World, setting: Setting = {}) {
  const alice = await phone(world, 'alice', aliceHost, setting)
  const bob = await phone(world, 'bob', bobHost, setting)
  return { alice, bob }
}

/** Takes every call with an ear of its own; `answer` is what happens at once. */
export function taking(agent: UserAgent, answer: (session: IncomingSession, ear: Ear) => void = () => {}) {
  const taken: { session: IncomingSession; ear: Ear }[] = []
  agent.onInvite((session) => {
    const ear = new Ear()
    taken.push({ session, ear })
    answer(session, ear)
    return { user: ear }
  })
  return taken
}

export const answering = (session: IncomingSession): void => session.accept(sdp('answer'))

/** Alice has called Bob, who has answered. */
export async function connected<W extends World>(world: W, setting: Setting = {}) {
  const { alice, bob } = await twoPhones(world, setting)
  const taken = taking(bob.agent, answering)
  const ear = new Ear()
  const session = alice.agent.invite(call, ear)
  await world.run(100)
  const [theirs] = taken
  if (theirs === undefined) throw new Error('the call has not arrived')
  ear.heard.length = 0
  theirs.ear.heard.length = 0
  return { world, alice, bob, ear, session, theirs: theirs.session, theirEar: theirs.ear }
}

/** A peer that is bytes alone: nothing is sent or repeated by itself. */
export async function rawPeer(world: World, host = rawHost) {
  const got: Message[] = []
  const take = (bytes: Buffer) => got.push(parseMessage(bytes))
  const port = await world.complete(world.host(`raw ${host}`).net.udp({ host, port: 5060 }, take))
  let branches = 0
  /** To Bob, unless told; `branch` is a new one, unless told. */
  const request = (method: string, parts: Partial<RequestParts> = {}, to = bobHost, branch?: string) => {
    branches++
    const via = `SIP/2.0/UDP ${host}:5060;branch=z9hG4bK${branch ?? `${host}-${branches}`}`
    const message = buildRequest({ ...fromRaw, method, contact: `<sip:raw@${host}:5060>`, ...parts }).finish(via)
    port.send(message.bytes, { host: to, port: 5060 })
    return message
  }
  const send = (message: Message, to = aliceHost) => port.send(message.bytes, { host: to, port: 5060 })
  /** What came, as `method` of requests and `status` of responses, since the last call. */
  let told = 0
  const heard = () => {
    const news = got.slice(told).map(({ method, status }) => (status === 0 ? method : String(status)))
    told = got.length
    return news
  }
  const last = (what: string, callID?: string): Message => {
    const isIt = (message: Message) => callID === undefined || message.callID === callID
    const found = got.findLast((one) => isIt(one) && what === (one.status === 0 ? one.method : String(one.status)))
    if (found === undefined) throw new Error(`no ${what} has come`)
    return found
  }
  return { request, send, heard, last }
}
export type RawPeer = Awaited<ReturnType<typeof rawPeer>>

const fromRaw = { requestURI: bobURI, from: `<sip:raw@${rawHost}>;tag=r`, to: `<${bobURI}>`, callID: 'raw-1', cseq: 1 }

export function outcomes() {
  const heard: string[] = []
  return { heard, done: ({ status, reason }: RequestOutcome) => heard.push(`${status} ${reason}`) }
}

/** What is left of sessions, dialogs, requests and transactions. */
export const remains = (...phones: Phone[]) =>
  phones.map(({ agent, transactions }) => ({ ...agent.counts(), ...transactions.open }))
export const nothing = { sessions: 0, dialogs: 0, requests: 0, client: 0, server: 0 }

/** The raw peer has called Bob, and everything is acknowledged. */
export async function rawAndBob<W extends World>(world: W) {
  const bob = await phone(world, 'bob', bobHost)
  const taken = taking(bob.agent, answering)
  const raw = await rawPeer(world)
  raw.request('INVITE', { body: sdp('offer') })
  await world.run(10)
  const ok = raw.last('200')
  raw.request('ACK', { to: ok.header('To') ?? '' })
  await world.run(10)
  const [theirs] = taken
  if (theirs === undefined) throw new Error('the call has not arrived')
  raw.heard()
  theirs.ear.heard.length = 0
  const request = (method: string, cseq: number, body?: string) =>
    raw.request(method, { to: ok.header('To') ?? '', cseq, ...(body === undefined ? {} : { body: sdp(body) }) })
  return { world, bob, raw, request, ...theirs }
}

/** A response of the raw peer to a request of Bob's. */
export const respond = (raw: RawPeer, request: Message, status: number, body?: string) => {
  const parts = { contact: `<${rawURI}>`, ...(body === undefined ? {} : { body: sdp(body) }) }
  raw.send(buildResponse(request, status, parts), bobHost)
}
