import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildMsmlRequest } from '#protocols/media/msml/build-msml.ts'
import { parseMsmlRequest } from '#protocols/media/msml/parse-msml.ts'
import type { KeyValueList } from '#protocols/tlib/attributes.ts'
import { contentOf } from './treatment.ts'

const number = fc.oneof(fc.integer(), fc.integer({ min: -10, max: 400_000 }), fc.double())
const parameters = fc.record({
  prompt: fc.constantFrom('greeting', ['greeting', 'menu-sales']),
  iterate: number,
  bargeIn: fc.boolean(),
  maxDigits: number,
  minDigits: number,
  terminationDigit: fc.constantFrom('#', '12', 'x', 5),
  firstDigitTimeout: number,
  interDigitTimeout: number,
  keepDigits: fc.boolean(),
}) as fc.Arbitrary<KeyValueList>

describe('a treatment', () => {
  it('is something that a media server takes, whatever its parameters', () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const content = contentOf({
          n: 1,
          type: 'PlayAnnouncementAndDigits',
          parameters: given,
          kind: 'ivr',
          finite: true,
        })
        if (typeof content === 'string') throw new Error(content)
        const request = { type: 'dialogstart', connection: 'self', name: 't1', ...content } as const

        expect(parseMsmlRequest(buildMsmlRequest(request))).toEqual(request)
      }),
    )
  })
})
