/** One call to the media server: its SIP session, its audio, and the MSML dialogs that run on it. */
import type { Log } from '#platform/log/log.ts'
import type { Surroundings } from '#platform/machine/runner.ts'
import type { Address } from '#platform/runtime/runtime.ts'
import { infoDigitTypes, isInfoDigit, parseInfoDigit } from '#protocols/media/dtmf/info-digit.ts'
import { buildMsmlResult } from '#protocols/media/msml/build-msml.ts'
import {
  type DialogExit,
  type MsmlEvent,
  type MsmlRequest,
  type MsmlResult,
  msmlType,
} from '#protocols/media/msml/msml.ts'
import { parseMsmlRequest } from '#protocols/media/msml/parse-msml.ts'
import type { AudioStream } from '#protocols/media/sdp/audio-session.ts'
import type { Body, IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { Respond } from '#protocols/sip/core/user-agent.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { CallEvents } from './call-events.ts'
import { type DialogLeg, Dialogs } from './dialogs.ts'
import { LegDescription, type LegIdentity } from './leg-description.ts'
import type { LegPort, LegUser, RtpFarm } from './rtp-farm.ts'
import type { Service } from './service.ts'

/** What a call needs of its media server. */
export interface CallOwner {
  readonly farm: RtpFarm
  readonly log: Log
  readonly machines: Surroundings
  /** For our SDP: of IPv4 and of IPv6 one at most. */
  readonly addresses: readonly string[]
  /** Another one for each call. */
  identity(): LegIdentity
  has(prompt: string): boolean
  refused(status: number): void
  /** A conference that has no leg here is refused so that it finds another media server. */
  sentElsewhere(conference: string): void
  /** The call has ended, whoever ended it. */
  ended(call: MediaCall): void
}

/** The dialog that a `play=` parameter starts. */
const playDialog = 'play'

export class MediaCall implements SessionUser, LegUser, DialogLeg {
  private readonly owner: CallOwner
  private readonly session: IncomingSession
  private readonly service: Service
  /** From the first one on: most callers are only heard, or hear silence. */
  private begunDialogs: Dialogs | undefined
  private readonly events: CallEvents
  private opening: { close(): void } | undefined
  private leg: LegPort | undefined
  private description: LegDescription | undefined
  /** Our 2xx carried an offer; the ACK carries the answer. */
  private hasOffered = false
  private isConnected = false
  private isConfirmed = false
  /** The other side understands our events: a controller, not somebody's phone. */
  private isControlled: boolean
  private isOver = false
  /** Where the other side is. */
  private remote: Address | undefined
  /** How its digits come, as its first one did: who sends each in both ways means it once. */
  private digitsBy: 'RTP' | 'INFO' | undefined

  constructor(owner: CallOwner, session: IncomingSession, service: Service) {
    this.owner = owner
    this.session = session
    this.service = service
    this.isControlled = service.type === 'conference'
    this.events = new CallEvents(session)
  }

  /** Opens the audio, then answers. */
  start(): void {
    const { owner, service } = this
    const conference = service.type === 'conference' ? service.id : undefined
    this.opening = owner.farm.leg(conference, this, (leg) => this.opened(leg))
  }

  /** Ends the call from our side. */
  end(reason?: string): void {
    if (this.isOver) return
    if (this.isAnswered) this.session.bye(reason === undefined ? undefined : [['Reason', reason]])
    else this.session.reject(503)
    this.over()
  }

  // The SIP session.

  cancelled(): void {
    this.over()
  }

  ended(): void {
    this.over()
  }

  acknowledged({ body }: { body: Body | undefined }): void {
    if (this.hasOffered && !this.takeAnswer(body)) return
    if (this.isConfirmed) return
    this.isConfirmed = true
    const { play } = this.service
    if (play === undefined) return
    const content = { play: { prompts: [play.prompt], iterate: play.iterate, barge: false } }
    // Unless the controller has been quicker, and uses the name.
    if (this.dialogs.fault(playDialog, content) === undefined) this.dialogs.start(playDialog, content)
  }

  offered({ offer, accept, reject }: Parameters<NonNullable<SessionUser['offered']>>[0]): void {
    const { description } = this
    const agreed = offer === undefined ? undefined : description?.answer(offer)
    if (description === undefined) reject(500)
    else if (agreed === undefined) {
      this.hasOffered = true
      accept(description.offer())
    } else if ('status' in agreed) reject(agreed.status)
    else {
      this.connect(agreed.stream)
      accept(agreed.body)
    }
  }

  requested({ request, respond }: Parameters<NonNullable<SessionUser['requested']>>[0]): void {
    if (request.method === 'OPTIONS') respond(200)
    else if (request.method !== 'INFO') respond(405, undefined, [['Allow', allowed]])
    // RFC 6086 §5.3: an INFO of the old kind only asks whether we are there.
    else if (request.body.length === 0) respond(200)
    else if (request.contentType === msmlType) this.instructed(request, respond)
    else if (isInfoDigit(request.contentType)) this.informed(request, respond)
    else respond(415, undefined, [['Accept', accepted]])
  }

  // The audio of the leg.

  digit(digit: string): void {
    this.pressed('RTP', digit)
  }

  played(play: number): void {
    this.dialogs.played(play)
  }

  generated(generate: number, sent: boolean): void {
    this.dialogs.generated(generate, sent)
  }

  silent(seconds: number): void {
    this.tell({ name: 'ringmain.rtp.silent', connection: this.session.localTag, seconds })
  }

  resumed(): void {
    this.tell({ name: 'ringmain.rtp.resumed', connection: this.session.localTag })
  }

  lost(): void {
    this.end('SIP;cause=503;text="Media Lost"')
  }

  // What dialogs do with the leg.

  has(prompt: string): boolean {
    return this.owner.has(prompt)
  }

  play(play: number, prompts: readonly string[], iterate: number): void {
    this.leg?.run({ type: 'play', play, prompts, iterate })
  }

  stopPlay(): void {
    this.leg?.run({ type: 'stopPlay' })
  }

  generate(generate: number, digits: string, duration: number, interval: number): void {
    this.leg?.run({ type: 'generate', generate, digits, duration, interval })
  }

  stopGenerate(): void {
    this.leg?.run({ type: 'stopGenerate' })
  }

  exited(dialog: string, exit: DialogExit): void {
    this.tell({ name: 'msml.dialog.exit', connection: this.session.localTag, dialog, exit })
    // RFC 4240 §3: an announcement that has been played ends its call.
    if (this.service.type === 'announcement' && dialog === playDialog && exit.play === 'play.complete') this.end()
  }

  broken(error: unknown): void {
    this.owner.log.error({ error, callID: this.session.callID }, 'a media call ends by a fault of ours')
    this.end('SIP;cause=500')
  }

  private get dialogs(): Dialogs {
    this.begunDialogs ??= new Dialogs(this.owner.machines, this.session.callID, this)
    return this.begunDialogs
  }

  private get isAnswered(): boolean {
    return this.description !== undefined
  }

  private opened(leg: LegPort | undefined) {
    if (leg === undefined) return this.refuseForPorts()
    this.leg = leg
    const description = new LegDescription(this.owner.addresses, leg.port, this.owner.identity())
    const { offer } = this.session
    const agreed = offer === undefined ? undefined : description.answer(offer)
    if (agreed !== undefined && 'status' in agreed) return this.refuse(agreed.status, agreed.reason)
    this.description = description
    if (agreed !== undefined) this.connect(agreed.stream)
    else this.hasOffered = true
    this.session.accept(agreed?.body ?? description.offer())
  }

  /** 503 is tried elsewhere; but a leg of a conference that has others here would not hear them there. */
  private refuseForPorts() {
    const { owner, service } = this
    const conference = service.type === 'conference' ? service.id : undefined
    const isHere = conference !== undefined && owner.farm.has(conference)
    if (!isHere && conference !== undefined) owner.sentElsewhere(conference)
    this.refuse(isHere ? 480 : 503, 'No Port Left')
  }

  private refuse(status: number, reason: string) {
    this.owner.refused(status)
    this.session.reject(status, reason)
    this.over()
  }

  /** The answer to our offer, in an ACK; one that fits nothing ends the call, since an ACK cannot be refused. */
  private takeAnswer(body: Body | undefined): boolean {
    this.hasOffered = false
    const stream = this.description?.accepted(body)
    if (stream === undefined || 'status' in stream) {
      this.end('SIP;cause=488')
      return false
    }
    this.connect(stream)
    return true
  }

  private connect(stream: AudioStream) {
    this.leg?.run({ type: 'connect', stream })
    const { remote } = stream
    // It may be somebody else there.
    if (remote?.host !== this.remote?.host || remote?.port !== this.remote?.port) this.digitsBy = undefined
    this.remote = remote
    if (this.isConnected) return
    this.isConnected = true
    if (this.service.type === 'conference') this.leg?.run({ type: 'join', conference: this.service.id })
    else if (this.service.type === 'echo') this.leg?.run({ type: 'echo' })
  }

  private informed({ body }: Message, respond: Respond) {
    const digit = parseInfoDigit(body.toString())
    if (digit === undefined) return respond(400, 'No Digit')
    respond(200)
    this.pressed('INFO', digit)
  }

  private pressed(by: 'RTP' | 'INFO', digit: string) {
    this.digitsBy ??= by
    if (by !== this.digitsBy) return
    this.tell({ name: 'dtmf.digit', connection: this.session.localTag, digit })
    this.dialogs.digit(digit)
  }

  private instructed(request: Message, respond: Respond) {
    this.isControlled = true
    const read = parseMsmlRequest(request.body)
    const { result, perform } = 'refused' in read ? refusal(read.refused, read.description) : this.decide(read)
    respond(200, undefined, undefined, { type: msmlType, bytes: buildMsmlResult(result) })
    perform?.()
  }

  /** The result of an MSML request, and what is done once it is on its way: its events come after it. */
  private decide(request: MsmlRequest): Decision {
    const { connection, name } = request
    if (connection !== 'self' && connection !== this.session.localTag) {
      return refusal(430, `this dialog has no connection ${connection}`)
    }
    if (request.type === 'dialogend') {
      return this.dialogs.isRunning(name)
        ? { result: ok, perform: () => this.dialogs.end(name) }
        : refusal(430, `no dialog ${name} is running`)
    }
    const fault = this.dialogs.fault(name, request)
    return fault === undefined ? { result: ok, perform: () => this.dialogs.start(name, request) } : { result: fault }
  }

  private tell(event: MsmlEvent) {
    if (this.isControlled) this.events.send(event)
  }

  private over() {
    if (this.isOver) return
    this.isOver = true
    this.events.close()
    this.begunDialogs?.close()
    const { leg = this.opening } = this
    leg?.close()
    this.owner.ended(this)
  }
}

type Decision = { readonly result: MsmlResult; readonly perform?: () => void }

const ok: MsmlResult = { status: 200 }
const refusal = (status: number, description: string): Decision => ({ result: { status, description } })

const allowed = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE'
const accepted = [msmlType, ...infoDigitTypes].join(', ')
