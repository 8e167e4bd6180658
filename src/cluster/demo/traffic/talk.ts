/** The media of one SIMULATED phone's call: its offers and answers (RFC 3264), and whom its voice goes to. */
import {
  type AudioStream,
  acceptedAudio,
  answerAudio,
  type LocalAudio,
  offerAudio,
} from '#protocols/media/sdp/audio-session.ts'
import { buildSdp } from '#protocols/media/sdp/build-sdp.ts'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import type { Body } from '#protocols/sip/core/session.ts'
import type { Voice } from './voices.ts'

export class Talk {
  readonly voice: Voice
  private readonly host: string
  private version = 0

  constructor(voice: Voice, host: string) {
    this.voice = voice
    this.host = host
  }

  offer(): Body {
    return body(buildSdp(offerAudio(this.local())))
  }

  /** Our answer; undefined where we cannot speak what they offer (488). */
  answer(offer: Body): Body | undefined {
    const theirs = parseSdp(offer.bytes)
    const agreed = 'error' in theirs ? 'none' : answerAudio(theirs, this.local())
    if (agreed === 'none') return undefined
    this.speakTo(agreed.stream)
    return body(buildSdp(agreed.description))
  }

  /** Their answer to our offer. */
  answered(answer: Body | undefined): void {
    const theirs = answer === undefined ? undefined : parseSdp(answer.bytes)
    if (theirs === undefined || 'error' in theirs) return
    const stream = acceptedAudio(theirs, this.local())
    this.speakTo(stream === 'none' ? undefined : stream)
  }

  private speakTo(stream: AudioStream | undefined) {
    const { remote } = stream ?? {}
    if (stream === undefined || remote === undefined || !stream.sends) this.voice.talk(undefined)
    else {
      const { codec, payloadType, telephoneEvent } = stream
      this.voice.talk({ remote, codec, payloadType, telephoneEvent })
    }
  }

  private local(): LocalAudio {
    this.version++
    const origin = { username: 'SIMULATED', sessionID: '1', version: String(this.version), address: this.host }
    const { host, voice } = this
    return { origin, addresses: [host], port: voice.port, codecs: ['PCMU', 'PCMA'], direction: 'sendrecv' }
  }
}

const body = (bytes: Buffer): Body => ({ type: 'application/sdp', bytes })
