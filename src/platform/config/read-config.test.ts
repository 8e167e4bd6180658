import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { ConfigurationInvalid } from './errors.ts'
import { readConfig } from './read-config.ts'

const closed = <P extends Record<string, Type.TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })

const Schema = closed({
  name: Type.String({ minLength: 1, description: 'what the host is called' }),
  number: Type.Optional(Type.String()),
  site: Type.Optional(Type.String({ pattern: '^[a-z]{2}$', description: 'a country, in two letters' })),
  media: Type.Enum(['direct', 'anchored'], { default: 'direct' }),
  ports: Type.Array(closed({ port: Type.Integer({ minimum: 0, maximum: 65_535, description: 'a port' }) }), {
    default: [],
  }),
  weights: Type.Record(Type.String({ pattern: '^[a-z0-9]+$' }), Type.String(), { default: {} }),
})

function faultsIn(text: string): string[] {
  try {
    readConfig(Schema, 'host.yaml', text)
  } catch (error) {
    if (error instanceof ConfigurationInvalid) return error.message.split('\n')
    throw error
  }
  return []
}

describe('a configuration file', () => {
  it('becomes a value with its defaults', () => {
    expect(readConfig(Schema, 'host.yaml', 'name: a')).toEqual({ name: 'a', media: 'direct', ports: [], weights: {} })
  })

  it('keeps what is written where a string is wanted', () => {
    const text = 'name: true\nnumber: 0049\nweights: {a: 1.50, 10: 0x10}'

    expect(readConfig(Schema, 'host.yaml', text)).toMatchObject({
      name: 'true',
      number: '0049',
      weights: { a: '1.50', 10: '0x10' },
    })
  })

  it('takes what an anchor stands for', () => {
    const text = 'name: &n a\nnumber: *n\nports: [&p {port: 1}, *p]'

    expect(readConfig(Schema, 'host.yaml', text)).toMatchObject({ number: 'a', ports: [{ port: 1 }, { port: 1 }] })
  })

  it.each<[string, string, string[]]>([
    [
      'an unknown key, with the nearest right name',
      'name: a\nmeida: direct',
      ['host.yaml:2:1: meida is no key here; did you mean media?'],
    ],
    [
      'an unknown key near to none, with all names',
      'name: a\nports:\n  - port: 1\n    listen: 2',
      ['host.yaml:4:5: ports.0.listen is no key here; known are port'],
    ],
    ['a missing key', 'media: direct', ['host.yaml:1:1: name is missing; add name: what the host is called']],
    [
      'a missing key inside a list',
      'name: a\nports:\n  - port: 1\n  - {}',
      ['host.yaml:4:5: ports.1.port is missing; add port: a port'],
    ],
    [
      'a value that is none of those allowed',
      'name: a\nmedia: relay',
      ['host.yaml:2:8: media is none of the values it may have; write one of direct, anchored'],
    ],
    [
      'a value out of range, with what it is',
      'name: a\nports: [{port: 70000}]',
      ['host.yaml:2:16: ports.0.port must be <= 65535; it is: a port'],
    ],
    [
      'a text of another form, with what it is instead of a regular expression',
      'name: a\nsite: Spain',
      ['host.yaml:2:7: site is not written as it has to be; it is: a country, in two letters'],
    ],
    [
      'each of several faults',
      'nam: a\nmedia: 1',
      [
        'host.yaml:1:1: name is missing; add name: what the host is called',
        'host.yaml:1:1: nam is no key here; did you mean name?',
        'host.yaml:2:8: media is none of the values it may have; write one of direct, anchored',
      ],
    ],
  ])('names file, line, column, key and remedy of %s', (_what, text, faults) => {
    expect(faultsIn(text).sort()).toEqual(faults.sort())
  })

  it.each([
    ['a key that comes twice', 'name: a\nname: b', 'host.yaml:2:1: is not YAML here'],
    ['a tab as indentation', 'ports:\n\t- port: 1', 'host.yaml:2:1: is not YAML here'],
    ['a bracket that is not closed', 'ports: [', 'host.yaml:1:9: is not YAML here'],
  ])('names the place of %s', (_what, text, start) => {
    expect(faultsIn(text)[0]?.startsWith(start)).toBe(true)
  })

  it('refuses a file whose aliases make a huge value', () => {
    const level = (n: number) => `l${n}: &l${n} [${Array.from({ length: 12 }, () => `*l${n - 1}`).join(', ')}]`
    const text = ['l0: &l0 [a]', ...[1, 2, 3, 4, 5, 6, 7].map(level)].join('\n')

    expect(faultsIn(text)).toEqual(['host.yaml:1:1: is too large with its aliases; write less of them'])
  })
})
