/**
 * The offers and answers of one leg (RFC 3264): what we say in SDP, under one origin whose version counts every change,
 * and what was agreed.
 */
import type { Address } from '#platform/runtime/runtime.ts'
import {
  type AudioStream,
  acceptedAudio,
  answerAudio,
  type LocalAudio,
  offerAudio,
} from '#protocols/media/sdp/audio-session.ts'
import { buildSdp, matchingMedia, withOrigin } from '#protocols/media/sdp/build-sdp.ts'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import { audioOf, type SessionDescription } from '#protocols/media/sdp/session-description.ts'
import { type CryptoAttribute, parseCrypto } from '#protocols/media/srtp/crypto-attribute.ts'
import type { Suite } from '#protocols/media/srtp/transform.ts'
import type { Body } from '#protocols/sip/message/draft.ts'

const sdpType = 'application/sdp'

/** `sessionID`: up to 20 decimal digits, our own for each leg; `newMaster`: a key for SRTP with its salt, never the same. */
export type LegIdentity = { readonly sessionID: string; newMaster(): Uint8Array }
export type Agreed = { readonly body: Body; readonly stream: AudioStream }
/** 415: no SDP; 400: SDP with a fault; 488: nothing in it that we speak (RFC 3261 §21.4). */
export type Refused = { readonly status: 400 | 415 | 488; readonly reason: string }

export class LegDescription {
  private readonly addresses: readonly string[]
  private readonly port: number
  private readonly identity: LegIdentity
  private version = 0
  private current: SessionDescription | undefined
  /** Where the other side has said last that it is. */
  private remote: Address | undefined

  /** `addresses`: of IPv4 and of IPv6 one at most. */
  constructor(addresses: readonly string[], port: number, identity: LegIdentity) {
    this.addresses = addresses
    this.port = port
    this.identity = identity
  }

  answer(offer: Body): Agreed | Refused {
    const read = readBody(offer)
    if ('status' in read) return read
    const agreement = answerAudio(
      read,
      this.local((suite, remote) => (this.hasMoved(remote) ? this.identity.newMaster() : this.masterOf(suite))),
    )
    if (agreement === 'none') return noCommonCodec
    this.remote = agreement.stream.remote ?? this.remote
    return { body: this.say(agreement.description), stream: agreement.stream }
  }

  /** An offer of ours: the same streams as before, if there were any. Whoever answers it may be another one than before. */
  offer(): Body {
    const offer = offerAudio(this.local(() => this.identity.newMaster()))
    return this.say(this.current === undefined ? offer : matchingMedia(offer, this.current))
  }

  /** What the other side's answer made of our offer. */
  accepted(answer: Body | undefined): AudioStream | Refused {
    const read = answer === undefined ? noCommonCodec : readBody(answer)
    if ('status' in read) return read
    const stream = acceptedAudio(
      read,
      this.local((suite) => this.masterOf(suite)),
    )
    if (stream === 'none') return noCommonCodec
    this.remote = stream.remote ?? this.remote
    return stream
  }

  private local(masterOf: MasterOf): LocalAudio {
    const [address = ''] = this.addresses
    return {
      origin: { username: '-', sessionID: this.identity.sessionID, version: String(this.version), address },
      addresses: this.addressesNow,
      port: this.port,
      codecs: ['PCMU', 'PCMA'],
      direction: 'sendrecv',
      // A stream that is protected stays so.
      srtp: { masterOf, offered: this.crypto !== undefined },
    }
  }

  /** Who is elsewhere may be another one, who does not know our counters; the former one still knows the key (RFC 4568 §7.1.4). */
  private hasMoved(remote: Address | undefined): boolean {
    const before = this.remote
    if (before === undefined || remote === undefined) return false
    return before.host !== remote.host || before.port !== remote.port
  }

  /** That of the suite that we speak. One that we have let go of never comes again: its counters begin anew (RFC 3711 §9.1). */
  private masterOf(suite: Suite): Uint8Array {
    const { crypto } = this
    return crypto?.suite === suite ? crypto.master : this.identity.newMaster()
  }

  /** What we have said last of our key. */
  private get crypto(): CryptoAttribute | undefined {
    const audio = this.current && audioOf(this.current)
    for (const [type, value] of audio?.lines ?? []) {
      const crypto = type === 'a' ? parseCrypto(value) : undefined
      if (crypto) return crypto
    }
    return undefined
  }

  /** The one that was named last comes first, so that an offer of ours moves nothing. */
  private get addressesNow(): readonly string[] {
    const named = this.current && audioOf(this.current)?.address
    return named === undefined ? this.addresses : [named, ...this.addresses.filter((address) => address !== named)]
  }

  /** RFC 3264 §8: the version counts up by one with each description that differs from the one before. */
  private say(description: SessionDescription): Body {
    const { current } = this
    if (current === undefined || !saysSame(description, current)) this.version += 1
    this.current = withOrigin(description, { ...description.origin, version: String(this.version) })
    return { type: sdpType, bytes: buildSdp(this.current) }
  }
}

type MasterOf = NonNullable<LocalAudio['srtp']>['masterOf']

/** Whether both say the same, whatever their versions. */
function saysSame(one: SessionDescription, other: SessionDescription): boolean {
  const { version } = other.origin
  return buildSdp(withOrigin(one, { ...one.origin, version })).equals(buildSdp(other))
}

const noCommonCodec: Refused = { status: 488, reason: 'No Common Codec' }

function readBody(body: Body): SessionDescription | Refused {
  if (body.type.split(';')[0]?.trim().toLowerCase() !== sdpType) return { status: 415, reason: 'Only SDP Is Spoken' }
  const read = parseSdp(body.bytes)
  return 'error' in read ? { status: 400, reason: 'Bad SDP' } : read
}
