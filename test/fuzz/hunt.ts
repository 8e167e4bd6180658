/** The search for input that breaks a rule, and the folder of what has been found: each is tried again with every test. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stream } from '#simulation/stream.ts'
import { checkBytes, checkStream } from './check.ts'
import { mutant } from './mutate.ts'
import { seeds } from './seeds.ts'

const folder = join(process.cwd(), 'test/fuzz/failures')

export type Failure = { readonly bytes: Buffer; readonly error: unknown }

/** Tries so many mutants; the first one that breaks a rule. */
export function hunt(random: Stream, count: number): Failure | undefined {
  for (let tried = 0; tried < count; tried++) {
    const bytes = mutant(random, seeds)
    const cuts = Array.from({ length: random.below(6) }, () => random.below(bytes.length + 1))
    try {
      checkBytes(bytes)
      checkStream(Buffer.concat([bytes, mutant(random, seeds)]), cuts)
    } catch (error) {
      return { bytes, error }
    }
  }
  return undefined
}

/** Keeps it among the failures; tells where. */
export function keep({ bytes }: Failure): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.sip`)
  writeFileSync(file, bytes)
  return file
}

/** What has been found so far. */
export const found = (): { name: string; bytes: Buffer }[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sip'))
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
