/**
 * The mark that a new database is not on the disk yet: first while it is made, then, with the boot of the machine in
 * it, until all its files are forced there. A killed process leaves the files to the kernel, so they are whole as long
 * as that runs; after a power loss nobody knows.
 */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncPath } from './durable-files-worker.ts'

export type Beginning = 'none' | 'broken' | 'unforced'

export class BeginningMark {
  private readonly directory: string
  private readonly path: string

  constructor(directory: string) {
    this.directory = directory
    this.path = `${directory}/db.beginning`
  }

  /** `broken`: what is there is no database. `unforced`: it is one, and its files shall be forced to the disk. */
  read(): Beginning {
    const mark = textOf(this.path)
    if (mark === undefined) return 'none'
    return mark !== '' && mark === bootID() ? 'unforced' : 'broken'
  }

  /** It is there before anything that it stands for. */
  making(): void {
    this.write('')
  }

  made(): void {
    this.write(bootID())
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }

  private write(text: string): void {
    const file = openSync(this.path, 'w')
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    syncPath(this.directory)
  }
}

/** Another one after each start of the machine; '' where the system does not say. */
const bootID = (): string => textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
