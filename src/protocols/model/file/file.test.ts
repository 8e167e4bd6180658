// biome-ignore lint/style/noRestrictedImports: reads the examples that are shipped
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigurationInvalid } from '#platform/config/errors.ts'
import { changesBetween } from '../changes.ts'
import { configurationFrom } from '../configuration.ts'
import { complete } from '../entries.ts'
import { checkObjects, readObjects } from './read-objects.ts'
import { writeEntries, writeObjects } from './write-objects.ts'

const entriesOf = async (text: string) => (await readObjects('objects.yaml', text)).entries

const beside = async (path: string) => readFileSync(`examples/${path}`, 'utf8')
async function example(name: string) {
  const file = await readObjects(name, readFileSync(`examples/${name}`, 'utf8'), beside)
  checkObjects(name, file)
  const persons = (file.entries.persons ?? []).map(({ password: _, ...person }) => person)
  return configurationFrom({ ...file.entries, persons })
}

async function faultsIn(text: string): Promise<string[]> {
  try {
    checkObjects('objects.yaml', await readObjects('objects.yaml', text))
  } catch (error) {
    if (error instanceof ConfigurationInvalid) return error.message.split('\n')
    throw error
  }
  return []
}

describe('a file of objects', () => {
  it('writes ranges out, with the number wherever {number} stands', async () => {
    const entries = await entriesOf('persons: [{employeeId: 0998-1001, name: "Agent {number}", password: x}]')

    expect(entries.persons?.map(({ employeeId }) => employeeId)).toEqual(['0998', '0999', '1000', '1001'])
    expect(entries.persons?.[0]).toEqual({ employeeId: '0998', name: 'Agent 0998', password: 'x' })
  })

  it('fills in what an entry leaves to its template', async () => {
    const entries = await entriesOf(
      'templates: {dns: {phone: {secret: demo, media: anchored}}}\ndns: [{number: 1-2, template: phone, secret: own}]',
    )

    expect(entries.dns).toEqual([
      { number: '1', secret: 'own', media: 'anchored' },
      { number: '2', secret: 'own', media: 'anchored' },
    ])
  })

  it('reads strategies from the files it names, and from no file where none may be read', async () => {
    const text = 'strategies: [{name: queue, file: strategies/queue.scxml}]'

    const { entries } = await readObjects('objects.yaml', text, beside)

    expect(entries.strategies?.[0]?.scxml).toContain('<scxml')
    expect(await faultsIn(text)).toEqual([
      'objects.yaml:1:34: strategies.0.file cannot be read here; send the document as scxml; ringmain config apply does that',
    ])
  })

  it.each<[string, string, string]>([
    [
      'an unknown key, with the nearest right name',
      'persons:\n  - employeeId: 1\n    name: A\n    skils: {a: 1}',
      '4:5: persons.0.skils is no key here; did you mean skills?',
    ],
    ['an unknown kind of object', 'person: []', '1:1: person is no key here; did you mean persons?'],
    [
      'an unknown template',
      'templates: {dns: {phone: {media: direct}}}\ndns: [{number: 1, template: phon}]',
      '2:29: dns.0.template names phon, which is no template of dns; did you mean phone?',
    ],
    [
      'a range the wrong way round',
      'dns: [{number: 20-10}]',
      '1:16: dns.0.number is no range; write the smaller number first, both with as many digits: 1001-1010',
    ],
    [
      'a range without end',
      'dns: [{number: 10000-99999}]',
      '1:16: dns.0.number is too large a range; at most 10000 numbers',
    ],
    [
      'a value out of its range',
      'settings: {ringTimeout: 0}',
      '1:25: settings.ringTimeout must be >= 1; it is: seconds a direct call rings',
    ],
    [
      'a reference to nothing, at the place that makes it',
      'persons:\n  - {employeeId: 1-2, name: A, skills: {cooking: 1}}\nskills: [{name: sales}]',
      '2:40: persons.1.skills there is no skill cooking; defined are sales',
    ],
    [
      'a number that two objects have',
      'dns:\n  - number: 1-5\n  - number: 3',
      '3:13: dns.3.number 3 is taken: dns names it twice; correct it',
    ],
    ['a key that is missing', 'persons:\n  - employeeId: 7', '2:5: persons.7.name is missing; add name'],
  ])('names line, column, key and remedy of %s', async (_what, text, fault) => {
    expect((await faultsIn(text))[0]).toBe(`objects.yaml:${fault}`)
  })

  it('is written so that it makes the same objects, and holds no secret', async () => {
    const demo = await example('demo.yaml')
    const odd = complete({
      settings: { realm: "it's: #1", domains: ['a', 'b'] },
      persons: [{ employeeId: '0x10', name: 'true', skills: { '1.50': 1 } }],
      strategies: [{ name: '0049', scxml: ' <scxml>\n\n  # no comment \t\n</scxml>\n\n' }],
    })

    for (const objects of [demo.objects, odd]) {
      const text = writeObjects(objects)
      const again = complete(await entriesOf(text))
      expect(changesBetween(objects, again)).toEqual([])
      expect(text).not.toContain('secret')
    }
  })

  it('is written from entries as it is sent to a server: without templates, ranges and files', async () => {
    const { entries } = await readObjects('demo.yaml', readFileSync('examples/demo.yaml', 'utf8'), beside)

    expect(await entriesOf(writeEntries(entries))).toEqual(entries)
  })
})

describe('the objects of the demo', () => {
  it('are those that scripts and guides rely on', async () => {
    const demo = await example('demo.yaml')
    const persons = demo.objects.persons
    const robots = persons.filter(({ simulated }) => simulated)

    expect(persons.map(({ employeeId }) => employeeId)).toEqual(Array.from({ length: 41 }, (_, n) => String(1000 + n)))
    expect(demo.objects.dns.map(({ number }) => number)).toEqual(persons.map(({ employeeId }) => employeeId))
    expect(demo.person('1001')).toMatchObject({ roles: ['agent', 'supervisor'], skills: { human: 10, support: 5 } })
    expect(robots.map(({ employeeId }) => employeeId)).toEqual(Array.from({ length: 30 }, (_, n) => String(1011 + n)))
    expect(new Set(robots.map(({ afterCallWork }) => afterCallWork))).toEqual(new Set([5]))
    expect(persons.filter(({ skills }) => skills.human).map(({ employeeId }) => employeeId)).toHaveLength(10)
    expect(['8000', '8010', '8900', '493012345', '+493012345', '9999'].map((n) => demo.destination(n)?.kind)).toEqual([
      'routing-point',
      'routing-point',
      'service',
      'trunk',
      'trunk',
      undefined,
    ])
    expect(demo.trunkFrom('127.0.0.1')?.name).toBe('carrier')
  })

  it.each([
    ['bench.yaml', 100],
    ['bench-2000.yaml', 2000],
  ])('are joined by those of %s for measurements', async (name, agents) => {
    const bench = await example(name)

    expect(bench.objects.persons).toHaveLength(agents)
    expect(bench.person('2001')).toMatchObject({ name: 'Bench 2001', skills: { bench: 10 }, afterCallWork: 0 })
    expect(bench.dn(String(2000 + agents))).toMatchObject({ registrationLifetime: 3600, media: 'direct' })
    expect(bench.routingPoint('8090')?.parameters).toEqual({ skills: 'bench >= 1' })
    expect(bench.routingPoint('8091')?.parameters).toMatchObject({ greeting: 'greeting', music: 'music' })
  })
})
