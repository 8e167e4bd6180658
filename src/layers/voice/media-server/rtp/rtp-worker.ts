/**
 * The thread of `threaded.ts`: an engine with UDP sockets and a tick of its own, behind its message port. Sockets are
 * not connected: packets from elsewhere are to be counted, and a connected one reports each ICMP as an error.
 */
import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { libc } from '#platform/runtime/node/libc.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { Command, Report } from './channel.ts'
import { socketsOf } from './in-loop.ts'
import { PollingThread } from './polling-thread.ts'
import { RtpEngine } from './rtp-engine.ts'
import type { ThreadData } from './threaded.ts'
import type { Time } from './ticker.ts'

const { waker, ...options } = workerData as ThreadData

/** When the timers that run are due. */
const due = new Set<number>()
/** Node.js itself: the clock of the runtime is coarser than a tick needs. */
const time: Time = {
  now: () => performance.now(),
  after(ms, run) {
    const at = performance.now() + ms
    due.add(at)
    const timer = setTimeout(() => {
      due.delete(at)
      run()
    }, ms)
    return {
      cancel() {
        due.delete(at)
        clearTimeout(timer)
      },
    }
  },
}

/** What a turn has to report leaves in one message: each wakes the thread of signalling. */
let reports: Report[] = []
function tell(): void {
  if (reports.length > 0) parentPort?.postMessage(reports)
  reports = []
}

const polling =
  libc === undefined || waker === undefined
    ? undefined
    : new PollingThread(libc, {
        waker,
        soon: setImmediate,
        beforeWait: tell,
        untilTimer: () => Math.min(...due) - performance.now(),
      })

const engine = new RtpEngine(
  {
    ...options,
    sockets: polling?.sockets ?? socketsOf(nodeRuntime().net),
    time,
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
// Also where the thread ends by a fault: the system's sockets would outlive it, and their ports stay taken, as they do
// where it is ended for its memory.
process.on('exit', () => polling?.close())
await engine.check()
parentPort?.postMessage('ready')
