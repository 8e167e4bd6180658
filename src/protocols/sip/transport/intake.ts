/** From bytes to messages: every transport hands what it received to this one place, which counts and answers garbage. */
import type { Cell, Metrics } from '#platform/metrics/metrics.ts'
import { buildResponse } from '../message/build-response.ts'
import { MalformedMessage } from '../message/errors.ts'
import type { MessageLimits } from '../message/limits.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { stampVia } from '../message/stamp-via.ts'
import type { Guard } from './guard.ts'
import { type Hop, isReliable, type Protocol } from './transport.ts'

type Direction = 'in' | 'out'
/** Why bytes that came did not become a message, or a message did not leave. */
const dropReasons = [
  'malformed',
  'keep-alive',
  'unframed',
  'connections',
  'unreachable',
  'handshake',
  'upgrade',
  'silent',
] as const
export type DropReason = (typeof dropReasons)[number]

const protocols = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'] as const satisfies readonly Protocol[]

/** An entry for each key. */
const each = <K extends string, V>(keys: readonly K[], value: (key: K) => V) =>
  Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, V>

/** The counters of one transport; cells are kept, so that counting costs an addition. */
export class Traffic {
  readonly in: Readonly<Record<Protocol, Cell>>
  readonly out: Readonly<Record<Protocol, Cell>>
  private readonly drops: Readonly<Record<DropReason, Cell>>
  constructor(metrics: Metrics) {
    const messages = metrics.counter('sip_messages_total', 'SIP messages by direction and transport', [
      'direction',
      'protocol',
    ])
    const dropped = metrics.counter('sip_dropped_total', 'Received bytes and messages to send that were dropped', [
      'reason',
    ])
    const cells = (direction: Direction) => each(protocols, (protocol) => messages.of({ direction, protocol }))
    this.in = cells('in')
    this.out = cells('out')
    this.drops = each(dropReasons, (reason) => dropped.of({ reason }))
  }
  drop(reason: DropReason): void {
    this.drops[reason].inc()
  }
}

export type Intake = {
  readonly limits: MessageLimits
  readonly traffic: Traffic
  readonly guard: Guard
  handle(message: Message, from: Hop): void
  reply(bytes: Buffer, hop: Hop): void
}

/** `trusted`: a link of the cluster, whose Vias name nodes and need no stamp. */
export function takeIn(intake: Intake, bytes: Buffer, from: Hop, trusted: boolean): void {
  const { guard } = intake
  if (!trusted && !guard.admits(from, bytes)) return
  if (isKeepAlive(bytes)) {
    intake.traffic.drop('keep-alive')
    return
  }
  let message: Message
  try {
    const parsed = parseMessage(bytes, intake.limits)
    message = parsed.isRequest && !trusted ? stamped(parsed, from) : parsed
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    intake.traffic.drop('malformed')
    if (trusted || guard.unreadable(from)) answer(intake, error, from, bytes.length)
    return
  }
  if (trusted || guard.takes(message, from)) intake.handle(message, from)
}

function stamped(request: Message, from: Hop): Message {
  try {
    return stampVia(request, from)
  } catch (error) {
    if (error instanceof MalformedMessage && request.method !== 'ACK')
      throw new MalformedMessage(error.message, 400, request)
    throw error
  }
}

/**
 * §16.3: what can be read of a bad request is answered without state, to where it came from; the rest is dropped. Over
 * UDP the answer is no larger than the `asked` bytes: their source may be forged, and nobody shall hit another with us.
 */
function answer(intake: Intake, { status, message, request }: MalformedMessage, from: Hop, asked: number) {
  if (request === undefined) return
  const most = isReliable(from) ? Number.POSITIVE_INFINITY : asked
  const reasons = status === 400 ? [`Bad Request: ${message}`, undefined] : [undefined]
  for (const reason of reasons) {
    const { bytes } = buildResponse(request, status, { reason })
    if (bytes.length <= most) return intake.reply(bytes, from)
  }
}

/** Empty lines, NULs, or nothing at all: what phones send to keep a NAT binding open. */
function isKeepAlive(bytes: Buffer): boolean {
  if (bytes.length > 8) return false
  for (const byte of bytes) if (byte !== 0x0d && byte !== 0x0a && byte !== 0 && byte !== 0x20) return false
  return true
}
