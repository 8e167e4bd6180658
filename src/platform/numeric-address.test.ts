import { describe, expect, it } from 'vitest'
import { addressBytes, canonicalAddress, networkOf } from './numeric-address.ts'

describe('numeric addresses', () => {
  it.each([
    ['192.0.2.1', 'c0000201'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ])('%s are these bytes: %s', (address, hex) => {
    expect(addressBytes(address).toString('hex')).toBe(hex)
  })

  it.each([
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:0:0:2:2:0:0:3', '1::2:2:0:0:3'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['192.0.2.1', '192.0.2.1'],
  ])('%s is written %s (RFC 5952)', (address, written) => {
    expect(canonicalAddress(address)).toBe(written)
  })

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
  ])('%s is of the source %s', (host, network) => {
    expect(networkOf(host)).toBe(network)
  })
})
