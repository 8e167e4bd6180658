import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { lockDirectory } from './directory-lock.ts'

describe('the lock of a directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringmain-lock-'))
  const path = join(directory, 'lock')
  afterEach(() => rmSync(path, { force: true }))

  it('is had by one at a time, also within one process', () => {
    const lock = lockDirectory(path)

    expect(lockDirectory(path)).toEqual({ holder: process.pid })
    if ('release' in lock) lock.release()
    expect(lockDirectory(path)).toHaveProperty('release')
  })

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 30, started: '1' })],
    ['a process whose id another one has by now', JSON.stringify({ pid: process.pid, started: '1' })],
    ['nobody: a torn file', '{"pi'],
  ])('is taken over from %s, and nothing else is left behind', (_what, content) => {
    writeFileSync(path, content)

    expect(lockDirectory(path)).toHaveProperty('release')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveProperty('pid', process.pid)
    expect(readdirSync(directory)).toEqual(['lock'])
  })
})
