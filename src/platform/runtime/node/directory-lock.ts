/**
 * A lock file that says which process has a directory. It outlives a killed process, so a lock counts only while the
 * very process that wrote it lives: its id may belong to another one by now, as after a restart of a container.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** `started` tells apart processes that have the same id one after the other; only Linux says it. */
type Holder = { readonly pid: number; readonly started: string | undefined }

export type DirectoryLock = { release(): void }

/** Takes the lock, or tells the id of the process that has it. Throws where the file cannot be written. */
export function lockDirectory(path: string): DirectoryLock | { readonly holder: number } {
  const own: Holder = { pid: process.pid, started: startOf(process.pid) }
  const draft = `${path}.${process.pid}`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(draft, JSON.stringify(own))
  try {
    while (!linked(draft, path)) {
      const holder = holderOf(path)
      if (holder && lives(holder)) return { holder: holder.pid }
      setAside(path, holder)
    }
    return { release: () => rmSync(path, { force: true }) }
  } finally {
    rmSync(draft, { force: true })
  }
}

/** A hard link appears with its content and only where nothing is: of two processes one gets it. */
function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** `undefined` where the file is gone again or was never a lock. */
function holderOf(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>
    return typeof holder.pid === 'number' ? { pid: holder.pid, started: holder.started } : undefined
  } catch {
    return undefined
  }
}

function lives(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return holder.started === undefined || startOf(holder.pid) === holder.started
}

/** Removes a dead process's lock, unless another process has taken it over since it was read. */
function setAside(path: string, dead: Holder | undefined): void {
  const aside = `${path}.${process.pid}.old`
  try {
    renameSync(path, aside)
    const found = holderOf(aside)
    if (found && (found.pid !== dead?.pid || found.started !== dead.started)) linked(aside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Field 22 of proc(5) `stat`, counted after the name, which may contain blanks. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
