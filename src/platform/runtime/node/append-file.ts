/** Appends gather while a write is on its way, and all who wait for a sync share one: the disk sets the pace. */
import type { FileHandle } from 'node:fs/promises'
import { DiskFailed } from '#platform/runtime/errors.ts'
import type { AppendFile } from '#platform/runtime/runtime.ts'

type Waiter = { resolve: () => void; reject: (error: Error) => void }

export class NodeAppendFile implements AppendFile {
  position: number
  readonly #path: string
  readonly #handle: FileHandle
  readonly #forget: () => void
  #chunks: Buffer[] = []
  #waiters: Waiter[] = []
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** After a failed write nobody knows what the file ends with: it takes nothing more. */
  #broken: Error | undefined

  constructor(path: string, handle: FileHandle, size: number, forget: () => void) {
    this.#path = path
    this.#handle = handle
    this.position = size
    this.#forget = forget
  }

  append(bytes: Buffer): void {
    this.position += bytes.length
    if (this.#broken || this.#closing) return
    this.#chunks.push(bytes)
    this.#write()
  }

  sync(): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken)
    if (this.#closing) return this.#closing
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#write()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#writing
    try {
      if (!this.#broken) await this.#handle.datasync()
    } finally {
      this.#forget()
      await this.#handle.close()
    }
  }

  #write(): void {
    this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    // The rest of this turn's appends join the first write.
    await new Promise((resolve) => setImmediate(resolve))
    while (!this.#broken && (this.#chunks.length > 0 || this.#waiters.length > 0)) {
      const chunks = this.#chunks
      const waiters = this.#waiters
      this.#chunks = []
      this.#waiters = []
      await this.#writeBatch(chunks, waiters)
    }
    this.#writing = undefined
  }

  async #writeBatch(chunks: Buffer[], waiters: Waiter[]): Promise<void> {
    try {
      if (chunks.length > 0)
        await this.#handle.appendFile(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
      if (waiters.length > 0) await this.#handle.datasync()
      for (const waiter of waiters) waiter.resolve()
    } catch (cause) {
      this.#broken = new DiskFailed(this.#path, (cause as Error).message, { cause })
      for (const waiter of [...waiters, ...this.#waiters]) waiter.reject(this.#broken)
      this.#waiters = []
      this.#chunks = []
    }
  }
}
