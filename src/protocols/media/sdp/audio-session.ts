/**
 * Offers and answers of somebody who speaks G.711 and RFC 4733 events: the media server, robot phones, tests
 * (RFC 3264 §5–§8). No common codec is the value `none`; the SIP side answers 488 then.
 */
import type { Address } from '#platform/runtime/runtime.ts'
import { buildCrypto, type CryptoAttribute, parseCrypto } from '../srtp/crypto-attribute.ts'
import type { SrtpKey } from '../srtp/srtp.ts'
import type { Suite } from '../srtp/transform.ts'
import { addressFields, originLine, refused } from './build-sdp.ts'
import { addressVersion, isUnspecified } from './numeric-address.ts'
import {
  answerDirection,
  type Codec,
  type Direction,
  type Line,
  type MediaDescription,
  type Origin,
  receives,
  type SessionDescription,
  sends,
} from './session-description.ts'

export type AudioCodec = 'PCMU' | 'PCMA'

/** Our end of a stream. `origin.version` counts up with every description that differs from the one before. */
export type LocalAudio = {
  readonly origin: Origin
  /** Where our port is, of IPv4 and of IPv6 one at most. The first is offered; an answer names that of the offer's kind. */
  readonly addresses: readonly string[]
  readonly port: number
  /** In the order in which we prefer them. */
  readonly codecs: readonly AudioCodec[]
  readonly direction: Direction
  /**
   * Our master key for SRTP under a suite, to whoever has said that he is at `remote`; without it only RTP is spoken.
   * `offered`: an offer of ours asks for SRTP.
   */
  readonly srtp?: { masterOf(suite: Suite, remote?: Address): Uint8Array; readonly offered: boolean }
}

/** The keys of SRTP: what we send is protected with ours, what comes with theirs (RFC 4568 §5.1.2). */
export type Security = { readonly ours: SrtpKey; readonly theirs: SrtpKey }

/** What was agreed, as our side sees it: where to send and how, what may come. */
export type AudioStream = {
  /** None: nothing may be sent there (0.0.0.0, or no numeric address). */
  readonly remote: Address | undefined
  readonly codec: AudioCodec
  readonly payloadType: number
  readonly telephoneEvent: number | undefined
  readonly sends: boolean
  readonly receives: boolean
  /** None: RTP as it is. */
  readonly security?: Security | undefined
}

export type Agreement = { readonly description: SessionDescription; readonly stream: AudioStream }

/** What every SRTP phone speaks. */
const offeredCrypto = { tag: '1', suite: 'AES_CM_128_HMAC_SHA1_80' } as const
const eventName = 'TELEPHONE-EVENT'
const staticTypes = { PCMU: 0, PCMA: 8 } as const
/** Of telephone events in an offer of ours: whoever answers may name another for what we send (RFC 3264 §6.1). */
export const offeredEventType = 101

/** An offer of one audio stream. */
export function offerAudio(local: LocalAudio): SessionDescription {
  const [address = local.origin.address] = local.addresses
  const codecs = local.codecs.map((name) => codec(staticTypes[name], name))
  const { direction, srtp } = local
  const secured =
    srtp?.offered &&
    ({ protocol: 'RTP/SAVP', crypto: { ...offeredCrypto, master: srtp.masterOf(offeredCrypto.suite) } } as const)
  const profile = secured || ({ protocol: 'RTP/AVP', crypto: undefined } as const)
  const section = audioSection(local.port, { address, codecs, event: offeredEventType, direction, ...profile })
  return { ...session(local.origin, address), media: [section] }
}

/** Our answer: the first audio stream we can speak, every other refused; `none` where there is no such stream. */
export function answerAudio(offer: SessionDescription, local: LocalAudio): Agreement | 'none' {
  const chosen = offer.media.findIndex((media) => isUsable(media, local) && commonCodec(media, local) !== undefined)
  const offered = offer.media[chosen]
  const agreed = offered && commonCodec(offered, local)
  const address = offered && ownAddress(offered, local)
  if (!offered || !agreed || address === undefined) return 'none'
  const direction = answerDirection(offered.direction, local.direction)
  const crypto = cryptoOf(offered, local)
  const section = audioSection(local.port, {
    address,
    codecs: [agreed],
    event: eventOf(offered),
    direction,
    // §6.1: the answer's is the offer's.
    protocol: offered.protocol,
    crypto: crypto && { ...crypto.ours, tag: crypto.tag },
  })
  return {
    description: {
      ...session(local.origin, address),
      media: offer.media.map((media, at) => (at === chosen ? section : refused(media))),
    },
    stream: stream(offered, agreed, direction, crypto),
  }
}

/** What the answer to our offer made of it; `none` where it refused or took nothing of it. */
export function acceptedAudio(answer: SessionDescription, local: LocalAudio): AudioStream | 'none' {
  const taken = answer.media.find((media) => isUsable(media, local))
  const agreed = taken && commonCodec(taken, local)
  if (!taken || !agreed) return 'none'
  return stream(taken, agreed, answerDirection(taken.direction, local.direction), cryptoOf(taken, local))
}

/** Whether it has an audio stream that whoever speaks all this can answer. */
export const isSpoken = ({ media }: SessionDescription): boolean =>
  media.some(
    (section) =>
      section.kind === 'audio' &&
      section.port !== 0 &&
      (plain.has(section.protocol) || isSecured(section)) &&
      section.codecs.some(({ name }) => Object.hasOwn(staticTypes, name)),
  )

/** Whether two descriptions have an audio codec in common, whatever it is. */
export function shareCodec(one: SessionDescription, other: SessionDescription): boolean {
  const spoken = (description: SessionDescription) =>
    description.media
      .filter((media) => media.kind === 'audio' && media.port !== 0)
      .flatMap((media) => media.codecs)
      .filter((codec) => codec.name !== eventName && codec.name !== 'CN')
      .map((codec) => `${codec.name}/${codec.clockRate}`)
  const ours = new Set(spoken(one))
  return spoken(other).some((name) => ours.has(name))
}

const isUsable = (media: MediaDescription, local: LocalAudio): boolean =>
  media.kind === 'audio' &&
  media.port !== 0 &&
  ownAddress(media, local) !== undefined &&
  (plain.has(media.protocol) || (local.srtp !== undefined && isSecured(media)))

const isSecured = ({ protocol, lines }: MediaDescription): boolean => secure.has(protocol) && lines.some(isKey)

/** Under a suite that we speak. */
const isKey = ([type, value]: Line): boolean => type === 'a' && parseCrypto(value) !== undefined

const plain: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF'])
const secure: ReadonlySet<string> = new Set(['RTP/SAVP', 'RTP/SAVPF'])

/** The first of their keys that we speak too, with ours for the same suite; none where RTP is not to be protected. */
function cryptoOf(media: MediaDescription, { srtp }: LocalAudio): (Security & { tag: string }) | undefined {
  const { protocol, lines } = media
  if (srtp === undefined || !secure.has(protocol)) return undefined
  for (const [type, value] of lines) {
    const crypto = type === 'a' ? parseCrypto(value) : undefined
    if (crypto === undefined) continue
    const { tag, suite, master } = crypto
    return { tag, ours: { suite, master: srtp.masterOf(suite, remoteOf(media)) }, theirs: { suite, master } }
  }
  return undefined
}

/** Ours that reaches theirs and is reached from there: of the same version of IP. Nowhere (on hold) is reached from any. */
function ownAddress({ address }: MediaDescription, { addresses }: LocalAudio): string | undefined {
  if (address === undefined) return undefined
  const version = addressVersion(address)
  const same = addresses.find((own) => addressVersion(own) === version)
  return same ?? (isUnspecified(address) ? addresses[0] : undefined)
}

/** The first codec of theirs, in their order of preference (RFC 3264 §6.1), that we speak too. */
const commonCodec = (media: MediaDescription, local: LocalAudio): Codec | undefined =>
  media.codecs.find((codec) => codec.clockRate === 8000 && local.codecs.some((name) => name === codec.name))

/** The payload type of telephone events (RFC 4733), where its author takes them. */
export const eventOf = (media: MediaDescription): number | undefined =>
  media.codecs.find((codec) => codec.name === eventName && codec.clockRate === 8000)?.payloadType

/** Where its author wants to be sent to; nowhere while he is on hold in the old way. */
const remoteOf = ({ address, port }: MediaDescription): Address | undefined =>
  address === undefined || isUnspecified(address) ? undefined : { host: address, port }

function stream(
  theirs: MediaDescription,
  agreed: Codec,
  direction: Direction,
  security: Security | undefined,
): AudioStream {
  const remote = remoteOf(theirs)
  return {
    remote,
    codec: agreed.name === 'PCMA' ? 'PCMA' : 'PCMU',
    payloadType: agreed.payloadType,
    telephoneEvent: eventOf(theirs),
    sends: remote !== undefined && sends(direction),
    receives: receives(direction),
    security: security && { ours: security.ours, theirs: security.theirs },
  }
}

const codec = (payloadType: number, name: string): Codec => ({
  payloadType,
  name,
  clockRate: 8000,
  parameters: undefined,
})

const session = (origin: Origin, address: string): { origin: Origin; lines: Line[] } => ({
  origin,
  lines: [['v', '0'], originLine(origin), ['s', '-'], ['c', addressFields(address)], ['t', '0 0']],
})

type Section = Pick<MediaDescription, 'protocol' | 'codecs' | 'direction'> & {
  readonly address: string
  readonly event: number | undefined
  readonly crypto: CryptoAttribute | undefined
}

function audioSection(port: number, said: Section): MediaDescription {
  const { protocol, address, codecs, event, direction, crypto } = said
  const formats = [...codecs.map((c) => c.payloadType), ...(event === undefined ? [] : [event])].map(String)
  const kind = 'audio'
  const lines: Line[] = [
    ['m', `${kind} ${port} ${protocol} ${formats.join(' ')}`],
    ...codecs.map((c): Line => ['a', `rtpmap:${c.payloadType} ${c.name}/8000`]),
    ...(event === undefined
      ? []
      : [['a', `rtpmap:${event} telephone-event/8000`] as const, ['a', `fmtp:${event} 0-15`] as const]),
    ['a', 'ptime:20'],
    ...(crypto ? [['a', buildCrypto(crypto)] as const] : []),
    ['a', direction],
  ]
  const events = event === undefined ? [] : [codec(event, eventName)]
  return { lines, kind, port, protocol, formats, address, direction, codecs: [...codecs, ...events] }
}
