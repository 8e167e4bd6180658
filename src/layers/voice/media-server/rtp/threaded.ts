/**
 * RTP in a worker thread of its own: commands of one event-loop turn leave in one message, and so do reports. What closes
 * a leg waits a little for others, since each message wakes the thread.
 */
import { Worker } from 'node:worker_threads'
import { deferred } from '#platform/deferred.ts'
import { makeWaker, wake } from '#platform/runtime/node/datagram-poll.ts'
import { libc } from '#platform/runtime/node/libc.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Command, OpenRtpWorker, Report, RtpOptions, RtpWorker } from './channel.ts'

/** ms that a leg that is closed may go on: one packet more. */
const closeWithin = 20

/** What the thread is given. Without a waker it waits as Node.js does. */
export type ThreadData = RtpOptions & { readonly waker: number | undefined }

class ThreadedRtp implements RtpWorker {
  private readonly clock: Clock
  private readonly worker: Worker
  private waiting: Command[] = []
  private isPosting = false
  private closes: Timer | undefined
  private closing: Promise<void> | undefined
  private readonly waker = libc && makeWaker(libc)
  private readonly ready = deferred<void>()
  private isReady = false
  private hasEnded = false

  constructor(clock: Clock, options: RtpOptions, lost: (error: Error) => void) {
    this.clock = clock
    const workerData: ThreadData = { ...options, waker: this.waker }
    this.worker = new Worker(new URL('./rtp-worker.js', import.meta.url), { workerData, name: 'rtp' })
    let cause = new Error('the thread ended')
    this.worker.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error))
    })
    this.worker.once('message', () => {
      this.isReady = true
      this.ready.resolve()
    })
    this.worker.once('exit', () => {
      this.hasEnded = true
      if (this.waker !== undefined) libc?.close(this.waker)
      if (!this.isReady) this.ready.reject(cause)
      else if (this.closing === undefined) lost(cause)
    })
  }

  /** Rejects where it ends before it is ready. */
  async open(told: (report: Report) => void): Promise<void> {
    await this.ready.promise
    this.worker.on('message', (reports: readonly Report[]) => {
      for (const report of reports) told(report)
    })
  }

  run(command: Command): void {
    if (this.closing !== undefined) return
    this.waiting.push(command)
    if (this.isPosting) return
    if (command.type === 'close') this.closes ??= this.clock.after(closeWithin, () => this.post())
    else {
      this.isPosting = true
      this.clock.turn(() => this.post())
    }
  }

  close(): Promise<void> {
    this.closes?.cancel()
    this.closing ??= new Promise((resolve) => {
      this.worker.once('exit', () => resolve())
      this.send('close')
    })
    return this.closing
  }

  private post() {
    this.closes?.cancel()
    this.closes = undefined
    this.isPosting = false
    const commands = this.waiting
    this.waiting = []
    this.send(commands)
  }

  private send(message: readonly Command[] | 'close') {
    this.worker.postMessage(message)
    // Once the thread has ended, the number may be another's.
    if (libc !== undefined && this.waker !== undefined && !this.hasEnded) wake(libc, this.waker)
  }
}

export const threaded =
  (clock: Clock): OpenRtpWorker =>
  async (options, told, lost) => {
    const worker = new ThreadedRtp(clock, options, lost)
    await worker.open(told)
    return worker
  }
