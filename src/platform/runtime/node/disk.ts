/** Files of Node.js, with the two promises that everything kept here relies on: whole replacement and synced appends. */
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DirectoryNotWritable, DiskFailed, FileNotFound } from '#platform/runtime/errors.ts'
import type { AppendFile, Disk } from '#platform/runtime/runtime.ts'
import { NodeAppendFile } from './append-file.ts'
import { makeDirectory } from './make-directory.ts'

export class NodeDisk implements Disk {
  readonly #open = new Set<NodeAppendFile>()
  /** One replacement of a path at a time, so that the last one asked for is the one that stays. */
  readonly #replacing = new Map<string, Promise<void>>()
  #temporary = 0

  read(path: string): Promise<Buffer> {
    return readFile(path).catch((error) => Promise.reject(readError(path, error)))
  }

  async readAt(path: string, offset: number, length: number): Promise<Buffer> {
    const file = await open(path, 'r').catch((error) => Promise.reject(readError(path, error)))
    try {
      return await readFully(file, offset, length)
    } finally {
      await file.close()
    }
  }

  replace(path: string, bytes: Buffer, mode = 0o644): Promise<void> {
    const before = this.#replacing.get(path) ?? Promise.resolve()
    const done = before.catch(() => {}).then(() => this.#replace(path, bytes, mode))
    const forget = (): void => {
      if (this.#replacing.get(path) === done) this.#replacing.delete(path)
    }
    this.#replacing.set(path, done)
    done.then(forget, forget)
    return done
  }

  async append(path: string): Promise<AppendFile> {
    try {
      await makeDirectory(dirname(path))
      // Records of calls, with whatever their messages say: nobody else's to read.
      const handle = await open(path, 'a', 0o600)
      const { size } = await handle.stat()
      if (size === 0) await syncDirectory(dirname(path))
      const file = new NodeAppendFile(path, handle, size, () => this.#open.delete(file))
      this.#open.add(file)
      return file
    } catch (error) {
      throw writeError(path, error)
    }
  }

  async list(directory: string): Promise<string[]> {
    try {
      return (await readdir(directory)).sort()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw readError(directory, error)
    }
  }

  async size(path: string): Promise<number> {
    const { size } = await stat(path).catch((error) => Promise.reject(readError(path, error)))
    return size
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true }).catch((error) => Promise.reject(writeError(path, error)))
  }

  /** Finishes what is being written. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#replacing.values(), ...[...this.#open].map((file) => file.close())])
  }

  async #replace(path: string, bytes: Buffer, mode: number): Promise<void> {
    const temporary = `${path}.${process.pid}.${this.#temporary++}.tmp`
    try {
      await makeDirectory(dirname(path))
      await writeSynced(temporary, bytes, mode)
      await rename(temporary, path)
      await syncDirectory(dirname(path))
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw writeError(path, error)
    }
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>

async function readFully(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let got = 0
  while (got < length) {
    const { bytesRead } = await file.read(bytes, got, length - got, offset + got)
    if (bytesRead === 0) break
    got += bytesRead
  }
  return bytes.subarray(0, got)
}

async function writeSynced(path: string, bytes: Buffer, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A new name survives a power loss only when its directory is synced too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

function readError(path: string, error: unknown): Error {
  if (codeOf(error) === 'ENOENT') return new FileNotFound(path)
  return new DiskFailed(path, (error as Error).message, { cause: error })
}

function writeError(path: string, error: unknown): Error {
  if (error instanceof DirectoryNotWritable) return error
  const notAllowed = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR'].includes(codeOf(error) ?? '')
  if (notAllowed) return new DirectoryNotWritable(dirname(path), (error as Error).message, { cause: error })
  return new DiskFailed(path, (error as Error).message, { cause: error })
}
