// biome-ignore lint/style/noRestrictedImports: a real directory for the real database
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Words } from './embedded.fixture.ts'
import { type EmbeddedDatabase, openEmbedded } from './embedded.ts'

const module = new URL('./embedded.fixture.js', import.meta.url).href

describe('the embedded database', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringmain-embedded-'))
  const options = { directory, option: '--data' }
  let database: EmbeddedDatabase
  let words: Words

  beforeAll(async () => {
    database = await openEmbedded(options)
    words = await database.store<Words>(module)
  }, 120_000)
  afterAll(async () => {
    await database.close()
    rmSync(directory, { recursive: true })
  })

  it('runs the operations of a store beside the database', async () => {
    await words.add('call')

    expect(await words.all()).toEqual(['call'])
  })

  it('tells what an operation throws by its code', async () => {
    await expect(words.refuse()).rejects.toMatchObject({ code: 'WORDS_REFUSED', message: 'no words now' })
    await expect(words.add('call')).rejects.toMatchObject({ code: 'DATABASE_STATEMENT_FAILED' })
  })

  it('refuses a second open of the directory, and names it, its holder and the option that moves it', async () => {
    const message = `the data directory ${directory} is in use by process ${process.pid}: stop that process, or name another directory with --data`

    await expect(openEmbedded(options)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE', message })
  })

  it('does what was asked before it closes, then refuses, and goes on with its data when it is opened again', async () => {
    const last = words.add('last')
    await database.close()
    const late = words.all()

    await expect(late).rejects.toMatchObject({ code: 'DATABASE_LOST' })
    await expect(last).resolves.toBeUndefined()
    database = await openEmbedded(options)
    words = await database.store<Words>(module)
    expect(await words.all()).toEqual(['call', 'last'])
  }, 120_000)
})
