// The dependency rule of docs/architecture.md §1 as a test that doubles as documentation.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const protocols = ['protocols/sip', 'protocols/media', 'protocols/tlib', 'protocols/model']
const layers = [
  'voice',
  'framework',
  'routing',
  'workspace',
  'reporting',
  'outbound',
  'callback',
  'recording',
  'digital',
]

/** Folder under src/ → the folders it may import. A folder may always import itself. */
const mayImport: Record<string, string[]> = {
  platform: [],
  ...Object.fromEntries(protocols.map((protocol) => [protocol, ['platform']])),
  ...Object.fromEntries(layers.map((layer) => [`layers/${layer}`, ['platform', ...protocols]])),
  cluster: ['platform', ...protocols, ...layers.map((layer) => `layers/${layer}`)],
  simulation: ['platform', ...protocols, ...layers.map((layer) => `layers/${layer}`), 'cluster'],
}

/** Inside sip, imports run only leftwards. */
const sipOrder = ['message', 'transport', 'transaction', 'dialog', 'core']

const folderOf = (path: string) =>
  path
    .split('/')
    .slice(0, /^(protocols|layers)\//.test(path) ? 2 : 1)
    .join('/')
const sipFloor = (path: string) => sipOrder.indexOf(path.match(/^protocols\/sip\/([a-z-]+)/)?.[1] ?? '')

/** Every module a file names, as a path under src/; packages and node: modules are left out. */
function imported(path: string, source: string): string[] {
  const specifiers = [...source.matchAll(/(?:from|import)\s*\(?\s*'([#.][^']+)'/g)].map((match) => match[1] ?? '')
  return specifiers.map((name) => (name.startsWith('#') ? name.slice(1) : join(dirname(path), name)))
}

/** The imports of one file that break the rule; `path` is relative to src/. */
function breaches(path: string, source: string): string[] {
  const from = folderOf(path)
  const allowed = [from, ...(mayImport[from] ?? []), ...(path.endsWith('.test.ts') ? ['simulation'] : [])]
  const targets = imported(path, source)
  const crossed = targets.filter((target) => !allowed.includes(folderOf(target)))
  const upwards = targets.filter((target) => sipFloor(path) >= 0 && sipFloor(target) > sipFloor(path))
  return [...crossed, ...upwards].map((target) => `${path} may not import ${target}`)
}

describe('the dependency rule', () => {
  it('holds for every source file', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

    expect(files.flatMap((name) => breaches(name, readFileSync(join('src', name), 'utf8')))).toEqual([])
  })

  it.each([
    [
      'a layer that imports another layer',
      'layers/voice/sip-proxy/route.ts',
      "import { x } from '#layers/outbound/pacing.ts'",
    ],
    ['a relative way into another layer', 'layers/voice/route.ts', "import { x } from '../routing/targets.ts'"],
    ['a dynamic import', 'layers/voice/route.ts', "await import('#layers/routing/targets.ts')"],
    ['an import for its side effect', 'platform/log.ts', "import '#cluster/cli.ts'"],
    ['the product on the simulator', 'cluster/demo.ts', "import { x } from '#simulation/world.ts'"],
    [
      'a message that knows the core',
      'protocols/sip/message/parse.ts',
      "import { x } from '#protocols/sip/core/proxy.ts'",
    ],
    [
      'a protocol that imports another',
      'protocols/sip/dialog/dialog.ts',
      "import { x } from '#protocols/media/sdp/sdp.ts'",
    ],
  ])('finds %s', (_what, path, source) => {
    expect(breaches(path, source)).toHaveLength(1)
  })

  it('lets a test use the simulator', () => {
    expect(breaches('platform/link/link.test.ts', "import { x } from '#simulation/runtime.ts'")).toEqual([])
  })
})
