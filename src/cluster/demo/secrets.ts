/** Keys that the proxies, nodes and Web Services of the demo share: made at the first start, kept in the data directory. */
import { ClusterError } from '#platform/errors.ts'
import { FileNotFound } from '#platform/runtime/errors.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'

/** Hex. */
export type Secrets = { readonly routes: string; readonly digest: string; readonly sessions: string }

const names = ['routes', 'digest', 'sessions'] as const

/** To make other keys without a word would send home whoever is logged in. */
export class SecretsDamaged extends ClusterError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      'SECRETS_DAMAGED',
      `the file ${path} is damaged: put a copy of it back, or take it away to have new keys made (phones register anew by themselves, people log in again)`,
      options,
    )
  }
}

/** Throws `DirectoryNotWritable`, `SecretsDamaged`. */
export async function openSecrets({ disk, random }: Pick<Runtime, 'disk' | 'random'>, path: string): Promise<Secrets> {
  const kept = await disk.read(path).catch((error: unknown) => {
    if (error instanceof FileNotFound) return undefined
    throw error
  })
  if (kept !== undefined) return secretsIn(kept, path)
  const made = Object.fromEntries(names.map((name) => [name, random.hex(32)])) as Secrets
  await disk.replace(path, Buffer.from(JSON.stringify(made)), 0o600)
  return made
}

function secretsIn(bytes: Buffer, path: string): Secrets {
  const value = parsed(bytes, path) as Partial<Secrets> | null
  if (names.some((name) => !/^[0-9a-f]{64}$/.test(String(value?.[name])))) throw new SecretsDamaged(path)
  return value as Secrets
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new SecretsDamaged(path, { cause })
  }
}
