/** The virtual disk of a host: it outlives crashes, except for what was not synced when the power went. */
import { DiskFailed, FileNotFound } from '#platform/runtime/errors.ts'
import type { AppendFile, Disk } from '#platform/runtime/runtime.ts'
import type { Life } from './host.ts'
import type { Stream } from './stream.ts'

/** What is in the file, and how much of it survives a power loss. */
class File {
  synced: number
  /** With room at its end: appending must not cost as much as the whole file. */
  #room: Buffer
  #length: number

  constructor(bytes: Buffer) {
    this.#room = bytes
    this.#length = bytes.length
    this.synced = bytes.length
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length)
  }
  get length(): number {
    return this.#length
  }

  append(bytes: Buffer): void {
    const length = this.#length + bytes.length
    if (length > this.#room.length) {
      const room = Buffer.alloc(Math.max(1024, 2 * length))
      this.bytes.copy(room)
      this.#room = room
    }
    bytes.copy(this.#room, this.#length)
    this.#length = length
  }

  cut(length: number): void {
    this.#room = this.#room.subarray(0, length)
    this.#length = length
    this.synced = length
  }
}

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
      const unsynced = file.length - file.synced
      file.cut(file.synced + (unsynced > 0 ? this.#random.below(unsynced) : 0))
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
      size: (path) => life.later(readTime, () => this.#file(path).length),
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
    this.#files.set(normal(path), new File(bytes))
  }

  #list(directory: string): string[] {
    const prefix = `${normal(directory)}/`
    const inside = [...this.#files.keys()].filter((path) => path.startsWith(prefix))
    return [...new Set(inside.map((path) => path.slice(prefix.length).split('/')[0] as string))].sort()
  }

  #append(life: Life, path: string): AppendFile {
    this.#check(path)
    const file = this.#files.get(normal(path)) ?? new File(Buffer.alloc(0))
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
    this.position = file.length
  }

  append(bytes: Buffer): void {
    this.position += bytes.length
    if (!this.#life.alive || this.#closed || this.#fails()) return
    this.#file.append(bytes)
  }

  sync(): Promise<void> {
    const upTo = this.#file.length
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
