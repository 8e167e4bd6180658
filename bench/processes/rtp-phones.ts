/**
 * The other ends of RTP: tells its ports, sends a packet each 20 ms from and to every port it is told, and measures what
 * comes. A packet carries its number of stream and the time it was sent at, so both ends are read from one clock.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { headerLength, writeHeader } from '#protocols/media/rtp/rtp-packet.ts'
import type { Heard, Streams } from '../rtp.ts'

/** So many sockets stand for all phones: a server knows its peers by address and port, not one by one. */
const count = 50
const packetMs = 20
const sentAt = headerLength
const streamAt = headerLength + 8

/** Milliseconds, counted up to 50 in steps of a twentieth. */
class Histogram {
  private readonly counts = new Uint32Array(1001)
  private total = 0

  add(ms: number) {
    const step = Math.min(1000, Math.round(ms * 20))
    this.counts[step] = (this.counts[step] ?? 0) + 1
    this.total += 1
  }

  quantile(share: number): number {
    let left = share * this.total
    const step = this.counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return step / 20
  }
}

let transits = new Histogram()
let jitters = new Histogram()
let received = 0
/** Transit of the last packet of each stream. */
const lastTransit: number[] = []

const sockets: Socket[] = []
for (let index = 0; index < count; index += 1) {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
    lookup: (name, _options, found) => found(null, name, 4),
  })
  // With a look-up that answers at once the socket may listen before `bind` returns.
  const listening = once(socket, 'listening')
  socket.bind(0, '127.0.0.1')
  await listening
  socket.on('message', take)
  sockets.push(socket)
}

function take(packet: Buffer) {
  received += 1
  if (lastTransit.length === 0) return
  const transit = performance.now() - packet.readDoubleBE(sentAt)
  const stream = packet.readUInt32BE(streamAt)
  const last = lastTransit[stream]
  // What a server says of its own, silence before anything came, is no stream of ours.
  if (last === undefined) return
  // RFC 3550 §6.4.1: how much two packets' distance differs from what it was when they were sent.
  if (last >= 0) jitters.add(Math.abs(transit - last))
  transits.add(transit)
  lastTransit[stream] = transit
}

/** On an absolute schedule, a twentieth of the streams each millisecond. */
function send({ streams }: Streams) {
  const packet = Buffer.alloc(headerLength + 160, 0x55)
  for (const [stream] of streams.entries()) lastTransit[stream] = -1
  const start = performance.now()
  let slot = 0
  const next = () => {
    for (; start + slot <= performance.now(); slot += 1) {
      const tick = Math.floor(slot / packetMs)
      for (let stream = slot % packetMs; stream < streams.length; stream += packetMs) {
        const { phone, to } = streams[stream] ?? { phone: 0, to: 0 }
        writeHeader(packet, 0, false, tick, tick * 160, stream)
        packet.writeUInt32BE(stream, streamAt)
        packet.writeDoubleBE(performance.now(), sentAt)
        sockets[phone]?.send(packet, to, '127.0.0.1')
      }
    }
    setTimeout(next, Math.max(0, start + slot - performance.now()))
  }
  next()
}

function heard(): Heard {
  const told = { received, transitP99: transits.quantile(0.99), jitterP99: jitters.quantile(0.99) }
  received = 0
  transits = new Histogram()
  jitters = new Histogram()
  return told
}

process.on('message', (message: Streams | 'heard') => {
  if (message === 'heard') process.send?.(heard())
  else send(message)
})
// Else it would go on sending when the benchmark was broken off.
process.once('disconnect', () => process.exit(0))
process.send?.(sockets.map((socket) => socket.address().port))
