/**
 * One RTP thread of the media server in a process of its own. Told `Legs`, opens them, has them do it, and tells their
 * ports; told `figures`, tells what the thread has counted.
 */
import type { Command, Figures, Prompt, Report } from '#layers/voice/media-server/rtp/channel.ts'
import { threaded } from '#layers/voice/media-server/rtp/threaded.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { AudioStream } from '#protocols/media/sdp/audio-session.ts'
import type { Legs } from '../rtp.ts'

const host = '127.0.0.1'
/** Ten seconds, over and over. */
const samples = new Uint8Array(8000 * 10).fill(0x55)
const prompt: Prompt = { name: 'tone', PCMU: samples, PCMA: samples }

const runtime = nodeRuntime()
let figures: Figures | undefined
let opened = 0
let allOpen = () => {}
let wanted = 0

function told(report: Report) {
  if (report.type === 'figures') figures = report.figures
  if (report.type === 'refused') throw new Error(`the port of leg ${report.leg} is in use`)
  if (report.type !== 'opened') return
  opened += 1
  if (opened === wanted) allOpen()
}

const worker = await threaded(runtime.clock)({ hosts: [host], prompts: [prompt], silenceMs: 60_000 }, told, (error) => {
  throw error
})

const streamTo = (port: number): AudioStream => ({
  remote: { host, port },
  codec: 'PCMU',
  payloadType: 0,
  telephoneEvent: 101,
  sends: true,
  receives: true,
})

async function open({ does, phones, firstPort }: Legs) {
  wanted = phones.length
  const ports = phones.map((_, at) => firstPort + 2 * at)
  await new Promise<void>((resolve) => {
    allOpen = resolve
    for (const [leg, port] of ports.entries()) worker.run({ type: 'open', leg, port })
  })
  for (const [leg, phone] of phones.entries()) {
    worker.run({ type: 'connect', leg, stream: streamTo(phone) })
    const task: Command =
      does === 'prompt'
        ? { type: 'play', leg, play: leg, prompts: ['tone'], iterate: Infinity }
        : { type: 'join', leg, conference: String(leg >> 1) }
    worker.run(task)
  }
  process.send?.(ports)
}

process.on('message', (message: Legs | 'figures') => {
  if (message === 'figures') process.send?.(figures ?? {})
  else void open(message)
})
// A profile is written where a process ends by itself.
process.once('SIGTERM', () => process.exit(0))
// Else it would hold its ports when the benchmark was broken off.
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
