import { describe, expect, it } from 'vitest'
import { addressRange, overlap } from './address-range.ts'

describe('a range of addresses', () => {
  it.each([
    ['10.1.2.3/24', '10.1.2.0/24'],
    ['10.1.2.0/24', '10.1.2.0/24'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3'],
    ['203.0.113.7/0', '0.0.0.0/0'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1/128', '2001:db8::1'],
    ['2001:db8:0:0:1::5/64', '2001:db8::/64'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['::1/0', '::/0'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:0a01:0203/120', '10.1.2.0/24'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('%s is written %s, however it is spelt (RFC 4291 §2.2, RFC 5952)', (spelt, written) => {
    expect(addressRange(spelt)?.text).toBe(written)
  })

  it.each(['sip.example', '10.1.2', '10.1.2.256', '10.1.2.3/33', '::1/129', '::1/', '1::2::3', 'a:b', '1.2.3.4::'])(
    '%s is none',
    (text) => {
      expect(addressRange(text)).toBeUndefined()
    },
  )

  it.each([
    ['10.1.2.3/24', '10.1.2.255', true],
    ['10.1.2.3/24', '10.1.3.1', false],
    ['10.1.2.3/24', '::ffff:10.1.2.9', true],
    ['::ffff:10.1.2.0/120', '10.1.2.9', true],
    ['2001:db8::/64', '2001:DB8:0:0:1:2:3:4', true],
    ['2001:db8::/64', '2001:db8:0:1::', false],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['0.0.0.0/0', 'sip.example', false],
  ])('%s, %s in it: %s', (range, host, isIn) => {
    expect(addressRange(range)?.contains(host)).toBe(isIn)
  })

  it.each([
    ['10.0.0.0/8', '10.1.2.0/24', true],
    ['10.1.2.9', '10.1.2.0/24', true],
    ['10.1.2.0/24', '10.1.3.0/24', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s and %s overlap: %s', (one, other, isSo) => {
    const [first, second] = [one, other].map((text) => addressRange(text))

    expect(first && second && [overlap(first, second), overlap(second, first)]).toEqual([isSo, isSo])
  })
})
