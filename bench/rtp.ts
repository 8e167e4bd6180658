/** Audio through a server: phones of one process send and hear, the server is another; what it costs and how it sounds. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { built, type Started } from './cluster.ts'
import { cpuMs } from './cpu.ts'

/** What the process of an RTP thread is told: a leg for each phone, by their ports. Two legs in turn are a call. */
export type Legs = { readonly does: 'prompt' | 'relay'; readonly phones: readonly number[]; readonly firstPort: number }

/** What the process of phones is told: who sends where, by the position of the phone's port among all. */
export type Streams = { readonly streams: readonly { readonly phone: number; readonly to: number }[] }
/** What it has heard since it was asked last; milliseconds. */
export type Heard = { readonly received: number; readonly transitP99: number; readonly jitterP99: number }

export type RtpServer = Started & {
  /** A leg for each of the phones' ports; gives the ports they are to send to. */
  open(phones: readonly number[]): Promise<readonly number[]>
}

export type RtpLoad = {
  readonly legs: number
  /** Whether the phones say anything. */
  readonly talk: boolean
  readonly seconds: number
}
export type RtpCost = Heard & {
  /** CPU µs of a leg in a second. */
  readonly cpuPerLeg: number
  /** Packets a second that each phone hears: 50 as they should be. */
  readonly heardPerLeg: number
}

/** Until everybody is sending, and code is compiled. */
const warmUp = 3_000

export async function costOfLegs({ legs, talk, seconds }: RtpLoad, start: () => Promise<RtpServer>): Promise<RtpCost> {
  const phones = fork(built('rtp-phones'))
  const [ports] = (await once(phones, 'message')) as [number[]]
  const server = await start()
  try {
    const phoneOf = (leg: number) => leg % ports.length
    const remotes = await server.open(Array.from({ length: legs }, (_, leg) => ports[phoneOf(leg)] ?? 0))
    const streams: Streams = { streams: remotes.map((to, leg) => ({ phone: phoneOf(leg), to })) }
    if (talk) phones.send(streams)
    await pause(warmUp)
    await asked<Heard>(phones, 'heard')
    const before = cpuMs(server.pid)
    await pause(seconds * 1000)
    const cpu = cpuMs(server.pid) - before
    const heard = await asked<Heard>(phones, 'heard')
    return { ...heard, cpuPerLeg: (cpu * 1000) / seconds / legs, heardPerLeg: heard.received / seconds / legs }
  } finally {
    await server.stop()
    phones.kill()
  }
}

/** The product's: one RTP thread. */
export async function startRtpThread(does: Legs['does'], firstPort: number, nodeArgs: readonly string[]) {
  const child = fork(built('rtp-server'), { execArgv: [...nodeArgs] })
  await once(child, 'message')
  const server: RtpServer = {
    pid: child.pid ?? 0,
    open: (phones) => asked<number[]>(child, { does, phones, firstPort } satisfies Legs),
    async stop() {
      if (!child.kill()) return
      await once(child, 'exit')
    },
  }
  return { ...server, figures: () => asked<{ lateTicks?: number; lostTicks?: number }>(child, 'figures') }
}

async function asked<Answer>(child: ChildProcess, message: Legs | 'figures' | 'heard'): Promise<Answer> {
  const answer = once(child, 'message')
  const gone = once(child, 'exit').then(() => {
    throw new Error('its process has ended: it says above why')
  })
  child.send(message)
  const [told] = (await Promise.race([answer, gone])) as [Answer]
  return told
}
