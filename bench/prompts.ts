/** What it costs to play a prompt: ports of one RTP thread of the media server, each with a packet every 20 ms. */
import type { Bench, Figures } from './bench.ts'
import { costOfLegs, type RtpLoad, startRtpThread } from './rtp.ts'

const firstPort = 28_000
const load: RtpLoad = { legs: 1_500, talk: false, seconds: 8 }
const whole = 49.9

export const prompts: Bench = {
  name: 'prompts',
  what: 'CPU of a port that plays a prompt',
  async run({ nodeArgs }): Promise<Figures> {
    let figures: { lateTicks?: number; lostTicks?: number } = {}
    const cost = await costOfLegs(load, async () => {
      const server = await startRtpThread('prompt', firstPort, nodeArgs)
      const stop = async () => {
        figures = await server.figures()
        await server.stop()
      }
      return { ...server, stop }
    })
    return {
      value: cost.cpuPerLeg,
      unit: 'CPU µs per port and second',
      details: {
        ports: load.legs,
        portsPerCore: Math.floor(1e6 / cost.cpuPerLeg),
        heardPerPortAndSecond: Number(cost.heardPerLeg.toFixed(2)),
        lateTicks: figures.lateTicks ?? 0,
        lostTicks: figures.lostTicks ?? 0,
      },
      ...(cost.heardPerLeg < whole && { invalid: 'packets are missing' }),
    }
  },
}
