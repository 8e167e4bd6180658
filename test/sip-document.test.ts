// docs/sip.md is true: the files it names are there, and the RFCs that the SIP sources name are in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const text = readFileSync('docs/sip.md', 'utf8')
const table = text.slice(text.indexOf('\n| RFC'))

/** As the page explains: where a path begins that begins in no folder of the repository. */
const roots: readonly [start: RegExp, folder: string][] = [
  [/^(core|dialog|message|transaction|transport)\//, 'src/protocols/sip'],
  [/^(sip-proxy|sip-server|media-server)\//, 'src/layers/voice'],
]
const placed = (path: string) => join(roots.find(([start]) => start.test(path))?.[1] ?? '', path)

const named = [...table.matchAll(/`([\w.-]+\/[\w./-]+)`/g)].map(([, path = '']) => path)

function rfcsIn(folder: string): Set<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const found = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/RFC \d{4}/g) ?? [])
  return new Set(found)
}

describe('docs/sip.md', () => {
  it('names files that are there', () => {
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((path) => !existsSync(placed(path)))).toEqual([])
  })

  it('has every RFC that the SIP sources name', () => {
    const inSources = [...rfcsIn('src/protocols/sip'), ...rfcsIn('src/layers/voice/sip-proxy')]

    expect(inSources.filter((rfc) => !table.includes(`${rfc} `) && !table.includes(`${rfc},`))).toEqual([])
  })

  it('names a test in each row of what is done', () => {
    const rows = table.split('\n').filter((line) => /^\| RFC \d/.test(line))
    const unproved = rows.filter((row) => row.split('|')[2]?.trim() !== '–' && !row.includes('.test.ts'))

    expect(unproved).toEqual([])
  })
})
