/** The virtual disk of a host: it outlives crashes, except for what was not synced when the power went. */
import { DiskFailed, FileNotFound } from '#platform/runtime/errors.ts'
import type { AppendFile, Disk } from '#platform/runtime/runtime.ts'
import type { Life } from './host.ts'
import type { Stream } from './stream.ts'

/** What is in the file, and how much of it survives a power loss. */
type File = { bytes: Buffer; synced: number }

const readTime = 0.1
const syncTime = 1

export class VirtualDisk {
  readonly #files = new Map<string, File>()
  readonly #random: Stream
  /** Why every write fails, while it does. */
  broken: string | undefined

  constructor(random: Stream) {
    this.#random = random
  }

  /** Of the unsynced end of a file, some first part is there again, or nothing. */
  losePower(): void {
    for (const file of this.#files.values()) {
      const unsynced = file.bytes.length - file.synced
      file.bytes = file.bytes.subarray(0, file.synced + (unsynced > 0 ? this.#random.below(unsynced) : 0))
      file.synced = file.bytes.length
    }
  }

  of(life: Life): Disk {
    return {
      read: (path) => life.later(readTime, () => Buffer.from(this.#file(path).bytes)),
      readAt: (path, offset, length) =>
        life.later(readTime, () => Buffer.from(this.#file(path).bytes.subarray(offset, offset + length))),
      replace: (path, bytes) => {
        const copy = Buffer.from(bytes)
        return life.later(syncTime, () => this.#replace(path, copy))
      },
      append: (path) => life.later(readTime, () => this.#append(life, path)),
      list: (directory) => life.later(readTime, () => this.#list(directory)),
      size: (path) => life.later(readTime, () => this.#file(path).bytes.length),
      remove: (path) => life.later(syncTime, () => void this.#files.delete(normal(path))),
    }
  }

  #file(path: string): File {
    const file = this.#files.get(normal(path))
    if (!file) throw new FileNotFound(path)
    return file
  }

  #check(path: string): void {
    if (this.broken !== undefined) throw new DiskFailed(path, this.broken)
  }

  #replace(path: string, bytes: Buffer): void {
    this.#check(path)
    this.#files.set(normal(path), { bytes, synced: bytes.length })
  }

  #list(directory: string): string[] {
    const prefix = `${normal(directory)}/`
    const inside = [...this.#files.keys()].filter((path) => path.startsWith(prefix))
    return [...new Set(inside.map((path) => path.slice(prefix.length).split('/')[0] as string))].sort()
  }

  #append(life: Life, path: string): AppendFile {
    this.#check(path)
    const file = this.#files.get(normal(path)) ?? { bytes: Buffer.alloc(0), synced: 0 }
    this.#files.set(normal(path), file)
    return new VirtualAppendFile(life, file, () => this.#check(path))
  }
}

class VirtualAppendFile implements AppendFile {
  position: number
  readonly #life: Life
  readonly #file: File
  readonly #check: () => void
  #broken: unknown
  #closed = false

  constructor(life: Life, file: File, check: () => void) {
    this.#life = life
    this.#file = file
    this.#check = check
    this.position = file.bytes.length
  }

  append(bytes: Buffer): void {
    this.position += bytes.length
    if (!this.#life.alive || this.#closed || this.#fails()) return
    this.#file.bytes = Buffer.concat([this.#file.bytes, bytes])
  }

  sync(): Promise<void> {
    const upTo = this.#file.bytes.length
    return this.#life.later(syncTime, () => {
      if (this.#fails()) throw this.#broken
      this.#file.synced = Math.max(this.#file.synced, upTo)
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    await this.sync()
    this.#closed = true
  }

  /** Once a write has failed the file takes nothing more. */
  #fails(): boolean {
    try {
      if (this.#broken === undefined) this.#check()
    } catch (error) {
      this.#broken = error
    }
    return this.#broken !== undefined
  }
}

const normal = (path: string): string => path.replace(/\/+/g, '/').replace(/^\.\//, '').replace(/\/$/, '')
