// The trunks that docs/guides show can be applied as they stand, all of them, to the demo.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { checkObjects, readObjects } from '#protocols/model/file/read-objects.ts'

const guides = readdirSync('docs/guides').map((name) => readFileSync(join('docs/guides', name), 'utf8'))
const examples = guides.flatMap((text) =>
  [...text.matchAll(/```yaml\n(trunks:\n[^`]*)```/g)].map(([, yaml = '']) => yaml),
)

async function trunksIn(yaml: string) {
  const file = await readObjects('a guide', yaml)
  checkObjects('a guide', file)
  return file.entries.trunks ?? []
}

/** A number that this pattern takes. */
const numberOf = (pattern: string) => pattern.replace(/[XZN.]/g, '5').replace('!', '')

describe('the trunks of the guides', () => {
  it('take the numbers they name, beside the trunk of the demo and beside each other', async () => {
    const beside = async (path: string) => readFileSync(join('examples', path), 'utf8')
    const { entries } = await readObjects('demo.yaml', readFileSync('examples/demo.yaml', 'utf8'), beside)
    const shown = (await Promise.all(examples.map(trunksIn))).flat()
    const trunks = [...(entries.trunks ?? []), ...shown]
    const { destination } = configurationFrom({ ...entries, trunks })

    const wanted = shown.flatMap(({ name, numbers = [] }) => numbers.map((pattern) => [numberOf(pattern), name]))
    const taken = wanted.map(([number = '']) => {
      const found = destination(number)
      return [number, found?.kind === 'trunk' ? found.trunk.name : found?.kind]
    })

    expect(shown.length).toBeGreaterThan(3)
    expect(new Set(trunks.map(({ name }) => name)).size).toBe(trunks.length)
    expect(taken).toEqual(wanted)
  })
})
