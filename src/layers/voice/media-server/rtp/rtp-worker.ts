/**
 * The thread of `threaded.ts`: an engine with UDP sockets and a tick of its own, behind its message port. Sockets are
 * not connected: packets from elsewhere are to be counted, and a connected one reports each ICMP as an error.
 */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { parentPort, workerData } from 'node:worker_threads'
import type { Command, Report, RtpOptions } from './channel.ts'
import { RtpEngine } from './rtp-engine.ts'
import type { RtpSocket, Sockets } from './sockets.ts'

/** Without it the kernel drops packets of a burst while a tick runs. */
const receiveBuffer = 256 * 1024

/** Hosts are numeric, so the answer is the question; the built-in look-up would cost every packet a turn. */
type LookedUp = (error: null, host: string, family: number) => void
const numeric = (host: string, _options: unknown, found: LookedUp): void =>
  found(null, host, host.includes(':') ? 6 : 4)

const sockets: Sockets = {
  bind(host, port, receive) {
    const ipv6 = host.includes(':')
    const socket = createSocket({
      type: ipv6 ? 'udp6' : 'udp4',
      ipv6Only: ipv6,
      recvBufferSize: receiveBuffer,
      lookup: numeric,
    })
    return new Promise<RtpSocket>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.removeAllListeners('error')
        socket.on('error', () => {})
        socket.on('message', (packet, from) => receive(packet, from.address, from.port))
        resolve({
          send: (packet, to, address) => socket.send(packet, to, address),
          close: () => new Promise((closed) => socket.close(closed)),
        })
      })
    })
  },
}

/** What a turn has to report leaves in one message: each wakes the thread of signalling. */
let reports: Report[] = []
function tell(): void {
  parentPort?.postMessage(reports)
  reports = []
}

const engine = new RtpEngine(
  {
    ...(workerData as RtpOptions),
    sockets,
    time: {
      now: () => performance.now(),
      after(ms, run) {
        const timer = setTimeout(run, ms)
        return { cancel: () => clearTimeout(timer) }
      },
    },
    random: () => randomBytes(4).readUInt32BE(),
  },
  (report) => {
    if (reports.push(report) === 1) setImmediate(tell)
  },
)

parentPort?.on('message', (commands: readonly Command[] | 'close') => {
  if (commands !== 'close') for (const command of commands) engine.run(command)
  else void engine.close().then(() => parentPort?.close())
})
parentPort?.postMessage('ready')
