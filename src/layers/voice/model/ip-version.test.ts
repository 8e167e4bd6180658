import { describe, expect, it } from 'vitest'
import { ipVersionOf } from './ip-version.ts'

describe('the version of IP of a URI', () => {
  it.each([
    ['sip:1001@[2001:db8::1]:5070;transport=tcp', 6],
    ['sip:[::1]', 6],
    ['sip:1001@192.0.2.7', 4],
    ['sip:1001@192.0.2.7:5060', 4],
    ['sips:192.0.2.7;transport=tcp', 4],
    ['sip:1001@phone.example', undefined],
    ['sip:1001@8e3q2fkl.invalid;transport=ws', undefined],
    ['sip:192.0.2.7@ringmain', undefined],
    ['sip:1001@192.0.2.7.example', undefined],
  ])('of %s is %s', (uri, version) => {
    expect(ipVersionOf(uri)).toBe(version)
  })
})
