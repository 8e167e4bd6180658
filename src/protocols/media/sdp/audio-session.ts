/**
 * Offers and answers of somebody who speaks G.711 and RFC 4733 events: the media server, robot phones, tests
 * (RFC 3264 §5–§8). No common codec is the value `none`; the SIP side answers 488 then.
 */
import type { Address } from '#platform/runtime/runtime.ts'
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
}

/** What was agreed, as our side sees it: where to send and how, what may come. */
export type AudioStream = {
  /** None: nothing may be sent there (0.0.0.0, or no numeric address). */
  readonly remote: Address | undefined
  readonly codec: AudioCodec
  readonly payloadType: number
  readonly telephoneEvent: number | undefined
  readonly sends: boolean
  readonly receives: boolean
}

export type Agreement = { readonly description: SessionDescription; readonly stream: AudioStream }

const eventName = 'TELEPHONE-EVENT'
const staticTypes = { PCMU: 0, PCMA: 8 } as const
const eventType = 101

/** An offer of one audio stream. */
export function offerAudio(local: LocalAudio): SessionDescription {
  const [address = local.origin.address] = local.addresses
  const codecs = local.codecs.map((name) => codec(staticTypes[name], name))
  return {
    ...session(local.origin, address),
    media: [audioSection(local, address, codecs, eventType, local.direction)],
  }
}

/** Our answer: the first audio stream we can speak, every other refused; `none` where there is no such stream. */
export function answerAudio(offer: SessionDescription, local: LocalAudio): Agreement | 'none' {
  const chosen = offer.media.findIndex((media) => isUsable(media, local) && commonCodec(media, local) !== undefined)
  const offered = offer.media[chosen]
  const agreed = offered && commonCodec(offered, local)
  const address = offered && ownAddress(offered, local)
  if (!offered || !agreed || address === undefined) return 'none'
  const direction = answerDirection(offered.direction, local.direction)
  const section = audioSection(local, address, [agreed], eventOf(offered), direction)
  return {
    description: {
      ...session(local.origin, address),
      media: offer.media.map((media, at) => (at === chosen ? section : refused(media))),
    },
    stream: stream(offered, agreed, direction),
  }
}

/** What the answer to our offer made of it; `none` where it refused or took nothing of it. */
export function acceptedAudio(answer: SessionDescription, local: LocalAudio): AudioStream | 'none' {
  const taken = answer.media.find((media) => isUsable(media, local))
  const agreed = taken && commonCodec(taken, local)
  if (!taken || !agreed) return 'none'
  return stream(taken, agreed, answerDirection(taken.direction, local.direction))
}

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
  (media.protocol === 'RTP/AVP' || media.protocol === 'RTP/AVPF')

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

const eventOf = (media: MediaDescription): number | undefined =>
  media.codecs.find((codec) => codec.name === eventName && codec.clockRate === 8000)?.payloadType

function stream(remote: MediaDescription, agreed: Codec, direction: Direction): AudioStream {
  const address = remote.address
  const reachable = address !== undefined && !isUnspecified(address)
  return {
    remote: reachable ? { host: address, port: remote.port } : undefined,
    codec: agreed.name === 'PCMA' ? 'PCMA' : 'PCMU',
    payloadType: agreed.payloadType,
    telephoneEvent: eventOf(remote),
    sends: reachable && sends(direction),
    receives: receives(direction),
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

function audioSection(
  local: LocalAudio,
  address: string,
  codecs: readonly Codec[],
  event: number | undefined,
  direction: Direction,
): MediaDescription {
  const formats = [...codecs.map((c) => c.payloadType), ...(event === undefined ? [] : [event])].map(String)
  const kind = 'audio'
  const protocol = 'RTP/AVP'
  const lines: Line[] = [
    ['m', `${kind} ${local.port} ${protocol} ${formats.join(' ')}`],
    ...codecs.map((c): Line => ['a', `rtpmap:${c.payloadType} ${c.name}/8000`]),
    ...(event === undefined
      ? []
      : [['a', `rtpmap:${event} telephone-event/8000`] as const, ['a', `fmtp:${event} 0-15`] as const]),
    ['a', 'ptime:20'],
    ['a', direction],
  ]
  const events = event === undefined ? [] : [codec(event, eventName)]
  return { lines, kind, port: local.port, protocol, formats, address, direction, codecs: [...codecs, ...events] }
}
