/**
 * The audio of one leg: its UDP port, the stream it sends without a break, and what it does with each packet that
 * comes. Nothing is allocated per packet but what the socket gives.
 */
import { canonicalAddress } from '#platform/numeric-address.ts'
import { aLaw, aToMu, muLaw, muToA } from '#protocols/media/codec/g711.ts'
import { DigitDetector, digitOfEvent, eventLength } from '#protocols/media/dtmf/telephone-event.ts'
import { headerLength, payloadEnd, payloadStart, payloadType, timestamp } from '#protocols/media/rtp/rtp-packet.ts'
import {
  type AudioCodec,
  type AudioStream,
  offeredEventType,
  type Security,
} from '#protocols/media/sdp/audio-session.ts'
import { type SrtpKey, SrtpReceiver, SrtpSender } from '#protocols/media/srtp/srtp.ts'
import type { DropReason, Report } from './channel.ts'
import { type DigitSender, eventPacketLength } from './digit-sender.ts'
import { IncomingAudio } from './incoming-audio.ts'
import type { Conference } from './mixer.ts'
import { frameSamples, type OutgoingStream } from './outgoing-stream.ts'
import type { PromptPlayer } from './prompt-player.ts'
import type { RtpSocket } from './sockets.ts'

const tickMs = 20
/** So many ticks without a packet to pass on, and silence is sent: longer than the packets of any phone are. */
const passGap = 6
/** What fits into a datagram that is not fragmented. */
const largestPacket = 1500
const staticPCMU = 0
const staticPCMA = 8
const comfortNoise = 13

/** What a leg needs of its engine. */
export interface LegOwner {
  readonly tick: number
  readonly silenceMs: number
  count: { received: number; sent: number; readonly dropped: Record<DropReason, number> }
  tell(report: Report): void
  /** One that we begin to send, with an SSRC and numbers of its own. */
  newStream(): OutgoingStream
}

export class Leg {
  readonly id: number
  readonly incoming = new IncomingAudio()
  conference: Conference | undefined
  isEcho = false
  player: PromptPlayer | undefined
  sender: DigitSender | undefined
  private readonly owner: LegOwner
  private out: OutgoingStream
  private readonly socket: RtpSocket
  private readonly detector = new DigitDetector()
  private stream: AudioStream | undefined
  private host = ''
  private port = 0
  private codec: AudioCodec = 'PCMU'
  private eventType = -1
  /** Tick of the last packet, or of the agreement since which packets are expected. */
  private heardAt: number
  private isSilent = false
  private security: Security | undefined
  private protection: SrtpSender | undefined
  /** Of their last key, also while they speak RTP: it may come again. */
  private verification: { readonly key: SrtpKey; readonly receiver: SrtpReceiver } | undefined
  private readonly packet = Buffer.alloc(headerLength + frameSamples)
  private readonly eventPacket = this.packet.subarray(0, eventPacketLength)

  constructor(owner: LegOwner, id: number, socket: RtpSocket) {
    this.owner = owner
    this.id = id
    this.socket = socket
    this.out = owner.newStream()
    this.heardAt = owner.tick
  }

  connect(stream: AudioStream): void {
    const before = this.stream
    this.stream = stream
    this.host = canonicalAddress(stream.remote?.host ?? '')
    this.port = stream.remote?.port ?? 0
    this.codec = stream.codec
    this.eventType = stream.telephoneEvent ?? -1
    const isElsewhere = before?.remote?.host !== stream.remote?.host || before?.remote?.port !== this.port
    if (before?.receives !== stream.receives || isElsewhere) {
      this.heardAt = this.owner.tick
      this.isSilent = false
    }
    this.secure(stream.security)
    if (!isElsewhere) return
    this.incoming.reset()
    this.detector.reset()
  }

  receive(packet: Buffer, host: string, port: number): void {
    const { stream } = this
    if (stream === undefined || port !== this.port || host !== this.host) this.drop('source')
    else if (!stream.receives) this.drop('direction')
    else if (packet.length > largestPacket) this.drop('malformed')
    else if (this.security === undefined || this.verification === undefined) this.read(stream, packet)
    else this.verify(stream, packet, this.verification.receiver)
  }

  /** Sends what belongs to this tick. */
  send(): void {
    const { stream } = this
    if (stream === undefined) return
    if (this.sender !== undefined && this.sendDigit(this.sender)) return
    if (this.player !== undefined) this.sendPrompt(this.player)
    else if (this.conference?.isMixed) this.sendMixed(this.conference)
    else if (!this.isFed()) this.sendSilence()
  }

  /** Now and then: digits that were never let go, and whether the other side is still there. */
  watch(): void {
    const { owner } = this
    const digit = this.detector.expire(owner.tick * tickMs)
    if (digit >= 0) this.tellDigit(digit)
    const quiet = (owner.tick - this.heardAt) * tickMs
    if (this.isSilent || !this.stream?.receives || this.port === 0 || quiet < owner.silenceMs) return
    this.isSilent = true
    owner.tell({ type: 'silent', leg: this.id, seconds: Math.round(quiet / 1000) })
  }

  get takesEvents(): boolean {
    return this.eventType >= 0 && this.stream?.sends === true
  }

  close(): Promise<void> {
    this.stream = undefined
    this.conference?.remove(this)
    return this.socket.close()
  }

  /** A key that is agreed on again goes on where it is: its counters must not begin anew (RFC 3711 §9.1). */
  private secure(security: Security | undefined) {
    if (!isSameKey(this.security?.ours, security?.ours)) this.protect(security?.ours)
    if (security !== undefined && !isSameKey(this.verification?.key, security.theirs))
      this.verification = { key: security.theirs, receiver: new SrtpReceiver(security.theirs) }
    this.security = security
  }

  /** Each key has a stream of its own: whoever gets it must see the stream begin. */
  private protect(key: SrtpKey | undefined) {
    this.protection = key && new SrtpSender(key)
    if (key !== undefined) this.out = this.owner.newStream()
  }

  private verify(stream: AudioStream, packet: Buffer, receiver: SrtpReceiver) {
    const length = receiver.read(packet)
    if (length < 0) this.drop('security')
    else this.read(stream, packet.subarray(0, length))
  }

  private read(stream: AudioStream, packet: Buffer) {
    const start = payloadStart(packet)
    if (start < 0) this.drop('malformed')
    else this.take(stream, packet, start)
  }

  private take(stream: AudioStream, packet: Buffer, start: number) {
    const { owner } = this
    owner.count.received += 1
    this.heardAt = owner.tick
    if (this.isSilent) this.resume()
    const type = payloadType(packet)
    if (type === this.eventType) this.receiveEvent(packet, start)
    else if (type === stream.payloadType) this.receiveAudio(packet, start, this.codec)
    else if (type === staticPCMU) this.receiveAudio(packet, start, 'PCMU')
    else if (type === staticPCMA) this.receiveAudio(packet, start, 'PCMA')
    else if (type === offeredEventType && this.eventType >= 0) this.receiveEvent(packet, start)
    else if (type !== comfortNoise) this.drop('payload')
  }

  private drop(reason: DropReason) {
    this.owner.count.dropped[reason] += 1
  }

  private resume() {
    this.isSilent = false
    this.owner.tell({ type: 'resumed', leg: this.id })
  }

  private receiveEvent(packet: Buffer, start: number) {
    if (payloadEnd(packet) - start < eventLength) return this.drop('malformed')
    const digit = this.detector.receive(packet, start, timestamp(packet), this.owner.tick * tickMs)
    if (digit >= 0) this.tellDigit(digit)
    const other = this.conference?.other(this)
    // In a conversation of two, keys reach the other side as they would without us.
    if (other?.takesEvents) other.pass(packet, other.eventType, 0)
  }

  private tellDigit(event: number) {
    const digit = digitOfEvent(event)
    if (digit !== undefined) this.owner.tell({ type: 'digit', leg: this.id, digit })
  }

  private receiveAudio(packet: Buffer, start: number, codec: AudioCodec) {
    const count = payloadEnd(packet) - start
    if (this.conference?.isMixed) {
      const law = codec === 'PCMA' ? aLaw : muLaw
      if (!this.incoming.write(packet, start, count, timestamp(packet), law)) this.drop('late')
      return
    }
    const hearer = this.isEcho ? this : this.conference?.other(this)
    if (hearer?.stream === undefined) return
    if (hearer.codec !== codec) translate(packet, start, count, codec)
    hearer.pass(packet, hearer.stream.payloadType, count)
  }

  /** Sends a packet of somebody else's as ours, unless something plays. */
  private pass(packet: Buffer, type: number, samples: number) {
    if (this.player !== undefined || this.sender?.isSending || !this.stream?.sends) return
    if (this.out.pass(packet, type, samples, this.owner.tick)) this.transmit(packet)
  }

  private isFed(): boolean {
    return (this.isEcho || this.conference?.size === 2) && this.owner.tick - this.out.sentAt < passGap
  }

  private sendDigit(sender: DigitSender): boolean {
    if (!this.takesEvents) {
      this.endDigits(sender, false)
      return false
    }
    const sends = sender.next(this.out, this.eventPacket, this.eventType, this.owner.tick)
    if (sends) this.transmit(this.eventPacket)
    if (sender.ended) this.endDigits(sender, true)
    return sends
  }

  private endDigits({ id: generate }: DigitSender, sent: boolean) {
    this.sender = undefined
    this.owner.tell({ type: 'generated', leg: this.id, generate, sent })
  }

  private sendPrompt(player: PromptPlayer) {
    player.fill(this.packet, headerLength, frameSamples, this.codec)
    this.transmitFrame()
    if (!player.ended) return
    this.player = undefined
    this.owner.tell({ type: 'played', leg: this.id, play: player.id })
  }

  private sendMixed(conference: Conference) {
    conference.writeMixed(this, this.packet, headerLength, this.codec)
    this.transmitFrame()
  }

  private sendSilence() {
    this.packet.fill((this.codec === 'PCMA' ? aLaw : muLaw).silence, headerLength)
    this.transmitFrame()
  }

  /** Numbers count packets that are sent (RFC 3550 §5.1): while it is on hold, only the time goes on. */
  private transmitFrame() {
    if (!this.stream?.sends) return this.out.interrupt()
    this.out.make(this.packet, this.stream.payloadType, this.owner.tick)
    this.transmit(this.packet)
  }

  private transmit(packet: Buffer) {
    if (!this.stream?.sends) return
    this.owner.count.sent += 1
    this.socket.send(this.protection?.protect(packet) ?? packet, this.port, this.host)
  }
}

const isSameKey = (one: SrtpKey | undefined, other: SrtpKey | undefined): boolean =>
  one?.suite === other?.suite && Buffer.compare(one?.master ?? nothing, other?.master ?? nothing) === 0
const nothing = Buffer.alloc(0)

/** From one law to the other, in place. */
function translate(packet: Buffer, start: number, count: number, from: AudioCodec) {
  const table = from === 'PCMA' ? aToMu : muToA
  for (let at = start; at < start + count; at += 1) packet[at] = table[packet[at] as number] as number
}
