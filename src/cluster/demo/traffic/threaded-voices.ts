/** Voices in a worker thread: the signalling of the demo never shares its event loop with 20 ms audio. */
import { Worker } from 'node:worker_threads'
import { VoiceNotOpened } from './errors.ts'
import type { Listener, OpenVoices, Voice, Voices } from './voices.ts'

export type VoiceCommand =
  | { readonly type: 'open'; readonly id: number; readonly pitch: number }
  | { readonly type: 'talk'; readonly id: number; readonly listener: Listener | undefined }
  | { readonly type: 'press'; readonly id: number; readonly digit: string }
  | { readonly type: 'close'; readonly id: number }

export type VoiceReply =
  | { readonly id: number; readonly port: number }
  | { readonly id: number; readonly fault: string }

export const threadedVoices: OpenVoices = (_runtime, host) => Promise.resolve(new ThreadedVoices(host))

class ThreadedVoices implements Voices {
  private readonly worker: Worker
  private readonly waiting = new Map<number, (reply: VoiceReply) => void>()
  private last = 0
  private ended = false

  constructor(host: string) {
    this.worker = new Worker(new URL('./voices-worker.js', import.meta.url), { workerData: { host } })
    this.worker.on('message', (reply: VoiceReply) => this.answered(reply))
    this.worker.on('error', (error) => this.refuseAll(String(error)))
    this.worker.on('exit', () => {
      this.ended = true
      this.refuseAll('the thread of the voices has ended')
    })
  }

  open(pitch: number): Promise<Voice> {
    const id = ++this.last
    if (this.ended) return Promise.reject(new VoiceNotOpened('the thread of the voices has ended'))
    this.post({ type: 'open', id, pitch })
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (reply) =>
        'port' in reply ? resolve(this.voice(id, reply.port)) : reject(new VoiceNotOpened(reply.fault)),
      )
    })
  }

  async close(): Promise<void> {
    await this.worker.terminate()
  }

  private voice(id: number, port: number): Voice {
    return {
      port,
      talk: (listener) => this.post({ type: 'talk', id, listener }),
      press: (digit) => this.post({ type: 'press', id, digit }),
      close: () => this.post({ type: 'close', id }),
    }
  }

  private post(command: VoiceCommand) {
    this.worker.postMessage(command)
  }

  private answered(reply: VoiceReply) {
    const settle = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    settle?.(reply)
  }

  private refuseAll(fault: string) {
    for (const id of [...this.waiting.keys()]) this.answered({ id, fault })
  }
}
