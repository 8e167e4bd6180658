/**
 * What audio costs: CPU of one RTP thread per second and leg, for prompts and for two-party conferences (a relay).
 * Both ends of the RTP are in another process. `node dist/bench/media.js [legs] [seconds]` prints one JSON line each.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command, Figures, Prompt, Report } from '#layers/voice/media-server/rtp/channel.ts'
import { threaded } from '#layers/voice/media-server/rtp/threaded.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { AudioStream } from '#protocols/media/sdp/audio-session.ts'

const host = '127.0.0.1'
const firstPort = 30_000
const clockTicks = 100

type Scenario = 'prompt' | 'relay'

/** Threads of this process, with the CPU milliseconds each has used. */
function threads(): Map<string, number> {
  const used = new Map<string, number>()
  for (const id of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    used.set(id, ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicks)
  }
  return used
}

const sum = (used: Map<string, number>, which: ReadonlySet<string>): number =>
  [...used].reduce((total, [id, ms]) => total + (which.has(id) ? ms : 0), 0)

const streamTo = (port: number): AudioStream => ({
  remote: { host, port },
  codec: 'PCMU',
  payloadType: 0,
  telephoneEvent: 101,
  sends: true,
  receives: true,
})

async function measure(scenario: Scenario, legs: number, seconds: number): Promise<object> {
  const runtime = nodeRuntime()
  const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms))
  const peer = fork(fileURLToPath(new URL('./media-peer.js', import.meta.url)), [])
  const [ports] = (await once(peer, 'message')) as [number[]]
  const before = new Set(threads().keys())
  const samples = new Uint8Array(8000 * 10).fill(0x55)
  const prompt: Prompt = { name: 'tone', PCMU: samples, PCMA: samples }
  let figures: Figures | undefined
  let open = 0
  const told = (report: Report) => {
    if (report.type === 'opened') open += 1
    if (report.type === 'figures') figures = report.figures
  }
  const worker = await threaded(runtime.clock)({ hosts: [host], prompts: [prompt], silenceMs: 60_000 }, told, () => {})
  const own = new Set([...threads().keys()].filter((id) => !before.has(id)))
  for (let leg = 1; leg <= legs; leg += 1) worker.run({ type: 'open', leg, port: firstPort + leg * 2 })
  while (open < legs) await pause(50)
  for (let leg = 1; leg <= legs; leg += 1) {
    const commands: Command[] = [
      { type: 'connect', leg, stream: streamTo(ports[leg % ports.length] ?? 0) },
      scenario === 'prompt'
        ? { type: 'play', leg, play: leg, prompts: ['tone'], iterate: Infinity }
        : { type: 'join', leg, conference: String(leg >> 1) },
    ]
    for (const command of commands) worker.run(command)
  }
  if (scenario === 'relay') {
    const to = Array.from({ length: legs }, (_, at) => firstPort + (at + 1) * 2)
    peer.send({ to, from: to.map((_, at) => (at + 1) % ports.length) })
  }
  await pause(2000)
  const start = { cpu: sum(threads(), own), at: performance.now(), figures }
  await pause(seconds * 1000)
  const elapsed = (performance.now() - start.at) / 1000
  const cpu = sum(threads(), own) - start.cpu
  const counted = (of: (one: Figures) => number) => (figures && start.figures ? of(figures) - of(start.figures) : 0)
  await worker.close()
  peer.kill()
  await runtime.close()
  return {
    bench: `media-${scenario}`,
    legs,
    seconds: Math.round(elapsed),
    cpuMicrosecondsPerLegSecond: Math.round((cpu * 1000) / elapsed / legs),
    sentPerLegSecond: Math.round((counted((one) => one.sent) / elapsed / legs) * 10) / 10,
    receivedPerLegSecond: Math.round((counted((one) => one.received) / elapsed / legs) * 10) / 10,
    lateTicks: counted((one) => one.lateTicks),
    lostTicks: counted((one) => one.lostTicks),
  }
}

const [legs = 1000, seconds = 10] = process.argv.slice(2).map(Number)
console.log(JSON.stringify(await measure('prompt', legs, seconds)))
console.log(JSON.stringify(await measure('relay', Math.round(legs * 0.4), seconds)))
