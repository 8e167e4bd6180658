import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRequest } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Fields } from '../message/draft.ts'
import { parseMessage } from '../message/parse-message.ts'
import {
  accepted,
  type Binding,
  contactGroups,
  granted,
  grantedContacts,
  grantedExpiry,
  isOutOfOrder,
  merge,
  type Register,
  readRegister,
} from './registrar.ts'

const phone = '<sip:1001@10.0.0.1:5060>'

const request = (fields: Fields, cseq = 1, callID = 'a') =>
  buildRequest({
    method: 'REGISTER',
    requestURI: 'sip:ringmain',
    from: '<sip:1001@ringmain>;tag=f',
    to: '<sip:1001@ringmain>',
    callID,
    cseq,
    fields,
  }).finish('SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1')

function register(fields: Fields, cseq = 1, callID = 'a'): Register {
  const read = readRegister(request(fields, cseq, callID))
  if (read === 400) throw new Error('refused')
  return read
}

const acceptance = { flowOf: () => 'f1', now: 1000, wall: 5000, memory: 60_000 }

/** Registers with everything granted for `seconds`. */
function bindingsAfter(bindings: readonly Binding[], asked: Register, seconds = 30, now = 1000): readonly Binding[] {
  const grants = asked.contacts.map((contact) => ({ contact, seconds: grantedExpiry(contact.expires, seconds) }))
  return merge(bindings, accepted(bindings, asked, grants, { ...acceptance, now, wall: 4000 + now }))
}
const live = (bindings: readonly Binding[], now = 1000) => contactGroups(bindings, now).flat()
const uris = (bindings: readonly Binding[], now = 1000) => live(bindings, now).map(({ uri }) => uri)

describe('reading a REGISTER', () => {
  it('takes the user part of To as the address-of-record, escapes undone (RFC 3261 §10.3 step 5)', () => {
    const escaped = request([['Contact', phone]]).text.replaceAll('sip:1001@ringmain', 'sip:%31001@ringmain')

    expect(readRegister(parseMessage(Buffer.from(escaped)))).toMatchObject({ aor: '1001' })
  })

  it('prefers the expires parameter of a Contact to the Expires field (§10.2.1.1)', () => {
    const asked = register([
      ['Contact', `${phone};expires=60, <sip:1001@10.0.0.2>`],
      ['Expires', '90'],
    ])

    expect(asked.contacts.map(({ expires }) => expires)).toEqual([60, 90])
  })

  it('refuses a * that does not ask for removal (§10.3 step 6)', () => {
    expect(readRegister(request([['Contact', '*']]))).toBe(400)
    expect(
      readRegister(
        request([
          ['Contact', '*'],
          ['Expires', '60'],
        ]),
      ),
    ).toBe(400)
    expect(() =>
      readRegister(
        request([
          ['Contact', `*, ${phone}`],
          ['Expires', '0'],
        ]),
      ),
    ).toThrow('stand alone')
  })

  it('keeps Path values in order (RFC 3327 §5.3)', () => {
    expect(
      register([
        ['Contact', phone],
        ['Path', '<sip:a;lr>, <sip:b;lr>'],
        ['Path', '<sip:c;lr>'],
      ]).path,
    ).toEqual(['<sip:a;lr>', '<sip:b;lr>', '<sip:c;lr>'])
  })
})

describe('granting', () => {
  it('gives what is asked for up to the lifetime, and the lifetime to who asks for nothing', () => {
    expect(grantedExpiry(120, 30)).toBe(30)
    expect(grantedExpiry(20, 30)).toBe(20)
    expect(grantedExpiry(undefined, 30)).toBe(30)
    expect(grantedExpiry(0, 30)).toBe(0)
  })

  it('is read back from the Contacts of the 200 (§10.3 step 8)', () => {
    const asked = request([['Contact', `${phone};expires=120, <sip:1001@10.0.0.2>;expires=0`]])
    const read = register([['Contact', `${phone};expires=120, <sip:1001@10.0.0.2>;expires=0`]])
    const fields: Fields = grantedContacts(read, 30).map((contact) => ['Contact', contact])

    expect(granted(read, buildResponse(asked, 200, { fields })).map(({ seconds }) => seconds)).toEqual([30, 0])
  })

  it('grants nothing to a contact that the 200 does not list', () => {
    const read = register([['Contact', phone]])

    expect(granted(read, buildResponse(request([]), 200))[0]?.seconds).toBe(0)
  })
})

describe('bindings', () => {
  it('last as long as granted', () => {
    const bindings = bindingsAfter([], register([['Contact', phone]]), 30)

    expect(uris(bindings, 30_999)).toEqual(['sip:1001@10.0.0.1:5060'])
    expect(uris(bindings, 31_000)).toEqual([])
  })

  it('of several contacts stand side by side, by descending q (§16.6 item 1)', () => {
    const bindings = bindingsAfter([], register([['Contact', '<sip:a@h>;q=0.5, <sip:b@h>, <sip:c@h>;q=0.5']]))

    expect(contactGroups(bindings, 1000).map((group) => group.map(({ uri }) => uri))).toEqual([
      ['sip:b@h'],
      ['sip:a@h', 'sip:c@h'],
    ])
  })

  it('are replaced when the same URI registers again, however it is written (§10.3 step 7, §19.1.4)', () => {
    const first = bindingsAfter([], register([['Contact', '<sip:1001@EXAMPLE.com>']]))
    const second = bindingsAfter(first, register([['Contact', '<sip:%31001@example.com>']], 2), 60)

    expect(live(second)).toHaveLength(1)
    expect(live(second)[0]?.cseq).toBe(2)
  })

  it('are replaced when the same instance and reg-id register another URI (RFC 5626 §6)', () => {
    const contact = (host: string) => `<sip:1001@${host}>;+sip.instance="<urn:uuid:1>";reg-id=1`
    const first = bindingsAfter([], register([['Contact', contact('10.0.0.1')]]))

    expect(uris(bindingsAfter(first, register([['Contact', contact('10.0.0.9')]], 2)))).toEqual(['sip:1001@10.0.0.9'])
  })

  it('are removed by expires 0 and by *', () => {
    const both = bindingsAfter([], register([['Contact', `${phone}, <sip:1001@10.0.0.2>`]]))

    expect(uris(bindingsAfter(both, register([['Contact', `${phone};expires=0`]], 2)))).toEqual(['sip:1001@10.0.0.2'])
    expect(
      uris(
        bindingsAfter(
          both,
          register(
            [
              ['Contact', '*'],
              ['Expires', '0'],
            ],
            2,
          ),
        ),
      ),
    ).toEqual([])
  })

  it('refuse a request that comes after a later one of its Call-ID, and take any other Call-ID (§10.3 step 7)', () => {
    const bindings = bindingsAfter([], register([['Contact', phone]], 5))

    expect(isOutOfOrder(bindings, register([['Contact', phone]], 4))).toBe(true)
    expect(isOutOfOrder(bindings, register([['Contact', phone]], 5))).toBe(false)
    expect(isOutOfOrder(bindings, register([['Contact', phone]], 1, 'b'))).toBe(false)
    expect(isOutOfOrder(bindings, register([['Contact', '<sip:other@h>']], 1))).toBe(false)
  })

  it('do not come back with an old copy once removed', () => {
    const old = bindingsAfter([], register([['Contact', phone]], 1))
    const removed = bindingsAfter(old, register([['Contact', `${phone};expires=0`]], 2))

    expect(uris(merge(removed, old))).toEqual([])
  })

  it('a later acceptance is later even where the clock of the registrar is behind', () => {
    const first = bindingsAfter([], register([['Contact', phone]], 1, 'a'), 30, 9000)
    const second = bindingsAfter(first, register([['Contact', phone]], 1, 'b'), 30, 1000)

    expect(live(second)[0]?.callID).toBe('b')
  })

  it('merge to the same in any order', () => {
    const step = fc.record({
      host: fc.constantFrom('h1', 'h2', 'h3'),
      call: fc.constantFrom('a', 'b'),
      expires: fc.constantFrom(0, 20, 60),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.integer(), (steps, seed) => {
        const deltas: Binding[] = []
        let record: readonly Binding[] = []
        for (const [index, { host, call, expires }] of steps.entries()) {
          const asked = register([['Contact', `<sip:u@${host}>;expires=${expires}`]], index + 1, call)
          const grants = asked.contacts.map((contact) => ({ contact, seconds: expires }))
          const made = accepted(record, asked, grants, { ...acceptance, wall: 5000 + index })
          deltas.push(...made)
          record = merge(record, made)
        }
        const shuffled = deltas.toSorted(
          (one, other) => ((one.at * 7919 + seed) % 13) - ((other.at * 7919 + seed) % 13),
        )
        const order = (bindings: readonly Binding[]) => [...bindings].sort((a, b) => (a.uri < b.uri ? -1 : 1))

        expect(order(merge([], shuffled))).toEqual(order(record))
      }),
    )
  })
})
