/** Coordination of one process that goes on after the next start: what was set stands in a file, announcements do not. */
import { FileNotFound } from '../runtime/errors.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { InProcessCoordination } from './in-process.ts'

/** Else epochs would begin anew, and with them the numbers of events that are stored already. */
export async function openKept({ disk }: Pick<Runtime, 'disk'>, path: string): Promise<InProcessCoordination> {
  const bytes = await disk.read(path).catch((error: unknown) => {
    if (error instanceof FileNotFound) return Buffer.from('{}')
    throw error
  })
  const entries = Object.entries(JSON.parse(bytes.toString('utf8')) as Record<string, string>)
  return new InProcessCoordination(new Map(entries), (now) =>
    disk.replace(path, Buffer.from(JSON.stringify(Object.fromEntries(now))), 0o600),
  )
}
