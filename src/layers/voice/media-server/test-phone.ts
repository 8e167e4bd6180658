/** A phone for tests: a user agent with one RTP port per call, which keeps every packet and event that comes. */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Address, Runtime, UdpPort } from '#platform/runtime/runtime.ts'
import { tone } from '#protocols/media/audio/tone.ts'
import { aLaw, decodeInto, encodeInto, muLaw } from '#protocols/media/codec/g711.ts'
import { eventOfDigit, writeEvent } from '#protocols/media/dtmf/telephone-event.ts'
import { buildMsmlRequest } from '#protocols/media/msml/build-msml.ts'
import { type MsmlEvent, type MsmlRequest, type MsmlResult, msmlType } from '#protocols/media/msml/msml.ts'
import { parseMsmlEvent, parseMsmlResult } from '#protocols/media/msml/parse-msml.ts'
import {
  headerLength,
  marker,
  payloadType,
  sequence,
  ssrc,
  timestamp,
  writeHeader,
} from '#protocols/media/rtp/rtp-packet.ts'
import {
  type AudioCodec,
  type AudioStream,
  acceptedAudio,
  answerAudio,
  type LocalAudio,
  offerAudio,
} from '#protocols/media/sdp/audio-session.ts'
import { buildSdp } from '#protocols/media/sdp/build-sdp.ts'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import type { Direction, SessionDescription } from '#protocols/media/sdp/session-description.ts'
import { masterLength } from '#protocols/media/srtp/session-keys.ts'
import { type SrtpKey, SrtpReceiver, SrtpSender } from '#protocols/media/srtp/srtp.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { Body, OutgoingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { hopOf } from '../model/uri-hop.ts'
import { Ticker } from './rtp/ticker.ts'

export type Received = {
  readonly at: number
  readonly type: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
  readonly marker: boolean
  readonly payload: Uint8Array
}

export type CallOptions = {
  readonly codecs?: readonly AudioCodec[]
  readonly lateOffer?: boolean
  readonly direction?: Direction
  /** Its address for RTP, where that is not the one for SIP. */
  readonly at?: string
  /** SDP instead of ours. */
  readonly sdp?: string
  /** It insists on SRTP. */
  readonly srtp?: boolean
}

const frame = 160

export class TestPhone {
  readonly agent: UserAgent
  readonly runtime: Runtime
  readonly transport: SipTransport
  private readonly host: string

  private constructor(runtime: Runtime, host: string) {
    this.runtime = runtime
    this.host = host
    this.transport = new SipTransport({ runtime, log: silentLog, metrics: noMetrics })
    const transactions = new TransactionLayer({
      runtime,
      transport: this.transport,
      log: silentLog,
      metrics: noMetrics,
    })
    this.agent = createUserAgent(
      { runtime, log: silentLog, metrics: noMetrics, transactions, transport: this.transport },
      { product: 'Test', nextHop: (uri) => hopOf(parseURI(uri)) },
    )
  }

  static async open(runtime: Runtime, host: string): Promise<TestPhone> {
    const phone = new TestPhone(runtime, host)
    await phone.transport.listenUdp({ host, port: 0 })
    return phone
  }

  async call(uri: string, options: CallOptions = {}): Promise<TestCall> {
    const call = new TestCall(this.runtime, options.at ?? this.host, options)
    await call.open()
    const offer = options.sdp === undefined ? buildSdp(call.offer()) : Buffer.from(options.sdp)
    const body = options.lateOffer ? {} : { body: { type: 'application/sdp', bytes: offer } }
    call.session = this.agent.invite(
      { requestURI: uri, from: `<sip:test@${this.host}>`, to: `<${uri}>`, ...body },
      call,
    )
    return call
  }
}

export class TestCall implements SessionUser {
  session!: OutgoingSession
  /** The final response; 0 before. */
  status = 0
  response: Message | undefined
  over: string | undefined
  answer: SessionDescription | undefined
  readonly packets: Received[] = []
  readonly events: MsmlEvent[] = []
  stream: AudioStream | undefined
  private readonly runtime: Runtime
  private readonly host: string
  private readonly options: CallOptions
  private port: UdpPort | undefined
  private version = 0
  private sent = 0
  private time = 1000
  private ticker: Ticker | undefined
  private readonly master: Buffer
  private protection: SrtpSender | undefined
  /** By their keys: what was sent before a new one may come after it. */
  private readonly receivers = new Map<string, SrtpReceiver>()

  constructor(runtime: Runtime, host: string, options: CallOptions) {
    this.runtime = runtime
    this.host = host
    this.options = options
    this.master = runtime.random.bytes(masterLength)
  }

  async open(): Promise<void> {
    this.port = await this.runtime.net.udp({ host: this.host, port: 0 }, (bytes) => this.keep(bytes))
  }

  // SIP.

  answered({ body, response, acknowledge }: Parameters<NonNullable<SessionUser['answered']>>[0]): void {
    this.status = 200
    this.response = response
    const theirs = described(body)
    this.answer = theirs
    if (acknowledge === undefined) this.took(acceptedAudio(theirs, this.local()))
    else acknowledge(this.answerTo(theirs))
  }

  failed({ status }: { status: number }): void {
    this.status = status
  }

  ended({ cause }: { cause: string }): void {
    this.over = cause
  }

  requested({ request, respond }: Parameters<NonNullable<SessionUser['requested']>>[0]): void {
    respond(200)
    const event = parseMsmlEvent(request.body)
    if ('refused' in event) throw new Error(event.description)
    this.events.push(event)
  }

  /** Where the 2xx says that the other side is. */
  get contact(): Address | undefined {
    const contact = this.response?.header('Contact')
    return contact === undefined ? undefined : hopOf(uriOf(parseNameAddr(contact)))
  }

  offer(direction: Direction = this.options.direction ?? 'sendrecv'): SessionDescription {
    this.version += 1
    return offerAudio({ ...this.local(), direction })
  }

  /** A re-INVITE with a new offer; its status. */
  reoffer(direction: Direction): Promise<number> {
    return this.reinvite({ type: 'application/sdp', bytes: buildSdp(this.offer(direction)) })
  }

  reinvite(offer: Body): Promise<number> {
    return new Promise((resolve) =>
      this.session.reinvite(offer, ({ status, body }) => {
        if (status === 200) {
          this.answer = described(body)
          this.took(acceptedAudio(this.answer, this.local()))
        }
        resolve(status)
      }),
    )
  }

  /** A re-INVITE without an offer: that of the other side, which is answered. */
  askForOffer(): Promise<SessionDescription> {
    return new Promise((resolve) =>
      this.session.reinvite(undefined, ({ body, acknowledge }) => {
        const offer = described(body)
        acknowledge?.(this.answerTo(offer))
        resolve(offer)
      }),
    )
  }

  /** Asks by MSML; the result. */
  ask(request: MsmlRequest): Promise<MsmlResult> {
    return new Promise((resolve) =>
      this.info(buildMsmlRequest(request), ({ body }) => {
        const result = parseMsmlResult(body)
        if ('refused' in result) throw new Error(result.description)
        resolve(result)
      }),
    )
  }

  info(bytes: Buffer, done: (response: Message) => void, type = msmlType): void {
    this.session.request('INFO', ({ response }) => response && done(response), undefined, { type, bytes })
  }

  event(name: MsmlEvent['name']): MsmlEvent | undefined {
    return this.events.find((event) => event.name === name)
  }

  // RTP.

  get address(): Address {
    return this.port?.local ?? { host: '', port: 0 }
  }

  /** Sends a tone until stopped. */
  play(hertz: number): void {
    const samples = tone(hertz, 1)
    const { clock } = this.runtime
    let at = 0
    this.stop()
    this.ticker = new Ticker({ now: () => clock.monotonic(), after: (ms, run) => clock.after(ms, run) }, () => {
      this.sendAudio(samples.subarray(at, at + frame))
      at = (at + frame) % samples.length
    })
    this.ticker.start()
  }

  stop(): void {
    this.ticker?.stop()
  }

  sendAudio(samples: Int16Array): void {
    const packet = Buffer.alloc(headerLength + samples.length)
    writeHeader(packet, this.stream?.payloadType ?? 0, false, this.next(), this.time, 7)
    encodeInto(this.stream?.codec === 'PCMA' ? aLaw : muLaw, samples, packet, headerLength, samples.length)
    this.time += samples.length
    this.send(packet)
  }

  /** Sends a digit as four events, the last its end three times. */
  press(digit: string): void {
    const at = this.time
    for (const [index, end] of [false, false, true, true, true].entries()) {
      const packet = Buffer.alloc(headerLength + 4)
      writeHeader(packet, this.stream?.telephoneEvent ?? 101, index === 0, this.next(), at, 7)
      writeEvent(packet, headerLength, eventOfDigit(digit), end, (index + 1) * frame)
      this.send(packet)
    }
    this.time += 5 * frame
  }

  /** As it was agreed: over SRTP where it was. */
  send(packet: Buffer): void {
    this.sendRaw(this.protection ? Buffer.from(this.protection.protect(packet)) : packet)
  }

  sendRaw(packet: Buffer): void {
    if (this.stream?.remote) this.port?.send(packet, this.stream.remote)
  }

  /** The samples heard since `from` (an index of packets), in order of arrival. */
  heard(from = 0): Int16Array {
    const audio = this.packets.slice(from).filter(({ type }) => type === 0 || type === 8)
    const samples = new Int16Array(audio.reduce((sum, { payload }) => sum + payload.length, 0))
    let at = 0
    for (const { type, payload } of audio) {
      decodeInto(type === 8 ? aLaw : muLaw, payload, 0, payload.length, samples.subarray(at))
      at += payload.length
    }
    return samples
  }

  async close(): Promise<void> {
    this.stop()
    this.session.bye()
    await this.port?.close()
  }

  private next(): number {
    this.sent += 1
    return this.sent
  }

  private local(): LocalAudio {
    return {
      origin: { username: '-', sessionID: '1', version: String(this.version), address: this.host },
      // A re-INVITE may move it to the other version of IP.
      addresses: [this.host, this.host.includes(':') ? '127.0.0.1' : '::1'],
      port: this.address.port,
      codecs: this.options.codecs ?? ['PCMU', 'PCMA'],
      direction: this.options.direction ?? 'sendrecv',
      ...(this.options.srtp && { srtp: { masterOf: () => this.master, offered: true } }),
    }
  }

  private answerTo(offer: SessionDescription): Body {
    const agreed = answerAudio(offer, this.local())
    if (agreed === 'none') throw new Error('no codec in the late offer')
    this.took(agreed.stream)
    return { type: 'application/sdp', bytes: buildSdp(agreed.description) }
  }

  private took(stream: AudioStream | 'none') {
    if (stream === 'none') throw new Error('the answer has no codec of ours')
    const { security } = stream
    if (this.options.srtp && !security) throw new Error('the answer is without SRTP')
    // Its key stays for the whole call.
    this.protection ??= security && new SrtpSender(security.ours)
    if (security) this.expect(security.theirs)
    this.stream = stream
  }

  private expect(theirs: SrtpKey) {
    const name = Buffer.from(theirs.master).toString('hex')
    if (!this.receivers.has(name)) this.receivers.set(name, new SrtpReceiver(theirs))
  }

  /** Of the RTP packet, which stands there afterwards. */
  private lengthOf(packet: Buffer): number {
    if (this.receivers.size === 0) return packet.length
    for (const receiver of this.receivers.values()) {
      const length = receiver.read(packet)
      if (length >= 0) return length
    }
    throw new Error('a packet is not protected as agreed')
  }

  private keep(packet: Buffer) {
    const length = this.lengthOf(packet)
    const bytes = packet.subarray(0, length)
    this.packets.push({
      at: this.runtime.clock.monotonic(),
      type: payloadType(bytes),
      sequence: sequence(bytes),
      timestamp: timestamp(bytes),
      ssrc: ssrc(bytes),
      marker: marker(bytes),
      payload: Uint8Array.from(bytes.subarray(headerLength)),
    })
  }
}

function described(body: Body | undefined): SessionDescription {
  const description = parseSdp(body?.bytes ?? Buffer.alloc(0))
  if ('error' in description) throw new Error(description.error)
  return description
}
