/**
 * RTP in the loop of the caller, on the ports and the clock of its runtime: simulation, and tests under virtual time. A thread
 * takes such ports where the system's own cannot be had.
 */
import type { Runtime } from '#platform/runtime/runtime.ts'
import type { OpenRtpWorker } from './channel.ts'
import { RtpEngine } from './rtp-engine.ts'
import type { Sockets } from './sockets.ts'

export const inLoop =
  ({ clock, net, random }: Pick<Runtime, 'clock' | 'net' | 'random'>): OpenRtpWorker =>
  async (options, told) => {
    const engine = new RtpEngine(
      {
        ...options,
        sockets: socketsOf(net),
        time: { now: () => clock.monotonic(), after: (ms, run) => clock.after(ms, run) },
        random: () => random.bytes(4).readUInt32BE(),
      },
      told,
    )
    await engine.check()
    return engine
  }

export const socketsOf = (net: Runtime['net']): Sockets => ({
  async bind(host, port, receive) {
    const udp = await net.udp({ host, port }, (bytes, from) => receive(bytes, from.host, from.port))
    return {
      // The runtime may keep what it is given; the engine writes its packets again.
      send: (packet, to, address) => udp.send(Buffer.from(packet), { host: address, port: to }),
      close: () => udp.close(),
    }
  },
})
