/**
 * What it costs to pass the audio of two parties on, and how much its packets' distances suffer: legs of one RTP thread
 * of the media server, next to rtpengine. No codec is changed.
 */
import type { Bench, Figures } from './bench.ts'
import { costOfLegs, type RtpLoad, startRtpThread } from './rtp.ts'
import { rtpengineName, startRtpengine } from './rtpengine.ts'

const ports = { first: 28_000, last: 31_999, control: 27_360 }
const load: RtpLoad = { legs: 800, talk: true, seconds: 8 }
/** Packets a second of a phone that hears all of them; a few may be under way at both ends of the count. */
const whole = 49.9

export const relay: Bench = {
  name: 'relay',
  what: 'CPU of a leg of a relayed call of two',
  async run({ nodeArgs }): Promise<Figures> {
    const ours = await costOfLegs(load, () => startRtpThread('relay', ports.first, nodeArgs))
    const rtpengine = await costOfLegs(load, () => startRtpengine(ports))
    return {
      value: ours.cpuPerLeg,
      unit: 'CPU µs per leg and second',
      peer: { name: rtpengineName, value: rtpengine.cpuPerLeg },
      ratio: ours.cpuPerLeg / rtpengine.cpuPerLeg,
      details: {
        legs: load.legs,
        legsPerCore: Math.floor(1e6 / ours.cpuPerLeg),
        jitterP99Ms: ours.jitterP99,
        peerJitterP99Ms: rtpengine.jitterP99,
        transitP99Ms: ours.transitP99,
        peerTransitP99Ms: rtpengine.transitP99,
        heardPerLegAndSecond: Number(ours.heardPerLeg.toFixed(2)),
        peerHeardPerLegAndSecond: Number(rtpengine.heardPerLeg.toFixed(2)),
      },
      ...(ours.heardPerLeg < whole && { invalid: 'packets were lost' }),
    }
  },
}
