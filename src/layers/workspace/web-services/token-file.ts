/** The token of the operator who has the data directory: `DIR/token`, readable by him only (contract: administrator). */
import { FileNotFound } from '#platform/runtime/errors.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'

/** The file's token; made where there is none. */
export async function openTokenFile({ disk, random }: Runtime, path: string): Promise<string> {
  try {
    const token = (await disk.read(path)).toString().trim()
    if (/^[0-9a-f]{64}$/.test(token)) return token
  } catch (error) {
    if (!(error instanceof FileNotFound)) throw error
  }
  const token = random.hex(32)
  await disk.replace(path, Buffer.from(`${token}\n`), 0o600)
  return token
}
