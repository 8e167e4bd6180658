/**
 * Appends gather for a moment, then leave in one write, and all who wait for a sync share one: a busy file costs the
 * event loop two calls to the disk each time, whatever was appended.
 */
import { fdatasync, writev } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { DiskFailed } from '#platform/runtime/errors.ts'
import type { AppendFile } from '#platform/runtime/runtime.ts'

type Waiter = { resolve: () => void; reject: (error: Error) => void }

/** ms from the first append, or from the end of the write before, to the write. */
const gathering = 50

export class NodeAppendFile implements AppendFile {
  position: number
  readonly #path: string
  readonly #handle: FileHandle
  readonly #forget: () => void
  #chunks: Buffer[] = []
  #waiters: Waiter[] = []
  #timer: NodeJS.Timeout | undefined
  #isWriting = false
  #closing: Promise<void> | undefined
  /** While it closes: nothing is in hand any more. */
  #emptied: (() => void) | undefined
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
    this.#gather()
  }

  sync(): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken)
    if (this.#closing) return this.#closing
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#gather()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#emptied = resolve
      if (!this.#isWriting) this.#write()
    })
    try {
      if (this.#broken) throw this.#broken
      await this.#handle.datasync()
    } finally {
      this.#forget()
      await this.#handle.close()
    }
  }

  #gather(): void {
    if (!this.#isWriting) this.#timer ??= setTimeout(() => this.#write(), gathering)
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const chunks = this.#chunks
    const waiters = this.#waiters
    if (chunks.length === 0 && waiters.length === 0) {
      this.#emptied?.()
      return
    }
    this.#isWriting = true
    this.#chunks = []
    this.#waiters = []
    const { fd } = this.#handle
    writeAll(fd, chunks, (error) => {
      if (error || waiters.length === 0) this.#written(waiters, error)
      else fdatasync(fd, (failed) => this.#written(waiters, failed))
    })
  }

  #written(waiters: readonly Waiter[], error: Error | null): void {
    this.#isWriting = false
    if (error) this.#break(waiters, error)
    else for (const waiter of waiters) waiter.resolve()
    if (this.#emptied) this.#write()
    else if (this.#chunks.length > 0 || this.#waiters.length > 0) this.#gather()
  }

  #break(waiters: readonly Waiter[], cause: Error): void {
    const broken = new DiskFailed(this.#path, cause.message, { cause })
    this.#broken = broken
    for (const waiter of [...waiters, ...this.#waiters]) waiter.reject(broken)
    this.#waiters = []
    this.#chunks = []
  }
}

/** A disk may take a part of it only. */
function writeAll(fd: number, chunks: Buffer[], done: (error: Error | null) => void): void {
  if (chunks.length === 0) {
    done(null)
    return
  }
  writev(fd, chunks, (error, written) => {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (error || written === bytes) done(error)
    else writeAll(fd, [Buffer.concat(chunks).subarray(written)], done)
  })
}
