/** Keys that the proxies, nodes and Web Services of the demo share: made at the first start, kept in the data directory. */
import { FileNotFound } from '#platform/runtime/errors.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'

/** Hex. */
export type Secrets = { readonly routes: string; readonly digest: string; readonly sessions: string }

const names = ['routes', 'digest', 'sessions'] as const

/** Throws `DirectoryNotWritable`. */
export async function openSecrets({ disk, random }: Pick<Runtime, 'disk' | 'random'>, path: string): Promise<Secrets> {
  const kept = await disk.read(path).catch((error: unknown) => {
    if (error instanceof FileNotFound) return undefined
    throw error
  })
  if (kept !== undefined) return JSON.parse(kept.toString('utf8')) as Secrets
  const made = Object.fromEntries(names.map((name) => [name, random.hex(32)])) as Secrets
  await disk.replace(path, Buffer.from(JSON.stringify(made)), 0o600)
  return made
}
