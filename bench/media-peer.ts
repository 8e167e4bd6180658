/** The other ends of the RTP of `media.ts`: takes what comes, and sends a packet each 20 ms to every port it is told. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeHeader } from '#protocols/media/rtp/rtp-packet.ts'

/** So many sockets stand for all phones: the server knows its peers by address and port, not one by one. */
const count = 50

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
  socket.on('message', () => {})
  sockets.push(socket)
}

process.on('message', ({ to, from }: { to: number[]; from: number[] }) => {
  const packet = Buffer.alloc(172, 0x55)
  let tick = 0
  let due = performance.now()
  const next = () => {
    for (; due <= performance.now(); due += 20) {
      tick += 1
      for (const [index, port] of to.entries()) {
        writeHeader(packet, 0, false, tick, tick * 160, index)
        sockets[from[index] ?? 0]?.send(Buffer.from(packet), port, '127.0.0.1')
      }
    }
    setTimeout(next, due - performance.now())
  }
  next()
})
process.send?.(sockets.map((socket) => socket.address().port))
