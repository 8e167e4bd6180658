// biome-ignore lint/style/noRestrictedImports: real files, and one that cannot be opened
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
// biome-ignore lint/style/noRestrictedImports: a socket is a file that cannot be opened, not even by root
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { syncTree } from './durable-files-worker.ts'

describe('forcing a tree of files to the disk', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ringmain-durable-'))
    mkdirSync(join(directory, 'base'))
    writeFileSync(join(directory, 'base', '1'), 'table')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('passes over what has gone meanwhile', async () => {
    symlinkSync(join(directory, 'gone'), join(directory, 'base', '2'))

    await expect(syncTree(directory)).resolves.toBeUndefined()
    await expect(syncTree(join(directory, 'gone'))).resolves.toBeUndefined()
  })

  it('fails where a file is there and cannot be forced', async () => {
    const socket = createServer()
    await new Promise<void>((resolve) => socket.listen(join(directory, 'base', '2'), resolve))

    await expect(syncTree(directory)).rejects.toMatchObject({ code: 'ENXIO' })
    await new Promise((resolve) => socket.close(resolve))
  })
})
