/** Coordination of one process that goes on after the next start: what was set stands in a file, announcements do not. */
import { FileNotFound } from '../runtime/errors.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { CoordinationDamaged } from './errors.ts'
import { InProcessCoordination } from './in-process.ts'

/** Else epochs would begin anew, and with them the numbers of events that are stored already. Throws `CoordinationDamaged`. */
export async function openKept({ disk }: Pick<Runtime, 'disk'>, path: string): Promise<InProcessCoordination> {
  const bytes = await disk.read(path).catch((error: unknown) => {
    if (error instanceof FileNotFound) return Buffer.from('{}')
    throw error
  })
  return new InProcessCoordination(entriesIn(bytes, path), (now) =>
    disk.replace(path, Buffer.from(JSON.stringify(Object.fromEntries(now))), 0o600),
  )
}

function entriesIn(bytes: Buffer, path: string): Map<string, string> {
  const value = parsed(bytes, path)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CoordinationDamaged(path)
  const entries = Object.entries(value)
  if (entries.some(([, one]) => typeof one !== 'string')) throw new CoordinationDamaged(path)
  return new Map(entries)
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new CoordinationDamaged(path, { cause })
  }
}
