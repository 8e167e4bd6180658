import { describe, expect, it } from 'vitest'
import { BadPorts, defaultPorts, demoAddresses } from './addresses.ts'

describe('the addresses of the demo', () => {
  it('are those of the contract unless options move them', () => {
    const [dc1, dc2] = demoAddresses(defaultPorts)

    expect(dc1).toMatchObject({ dc: 'dc1', node: 'node1', http: 8080, rtp: { first: 20_000, last: 24_999 } })
    expect(dc1.proxies.map(({ port }) => port)).toEqual([5060, 5070])
    expect(dc2.proxies.map(({ port }) => port)).toEqual([5080, 5090])
    expect(dc1.tlib).toEqual({ sessionController: 7001, tController: 7002, interactionProxy: 7003 })
    expect(dc2.tlib).toEqual({ sessionController: 7011, tController: 7012, interactionProxy: 7013 })
    expect(dc2).toMatchObject({ http: 8081, rtp: { first: 25_000, last: 29_999 } })
  })

  it('are on loopback of IPv4 alone, of IPv6 as well where that is asked for', () => {
    expect(demoAddresses(defaultPorts).map(({ hosts }) => hosts)).toEqual([['127.0.0.1'], ['127.0.0.1']])
    expect(demoAddresses(defaultPorts, true)[1].hosts).toEqual(['127.0.0.1', '::1'])
  })

  it('move as whole blocks', () => {
    const [, dc2] = demoAddresses({ ...defaultPorts, sip: 15_060 })

    expect(dc2.proxies.map(({ port }) => port)).toEqual([15_080, 15_090])
  })

  it.each([
    [{ http: 5061 }, /--http .* --sip/],
    [{ carrier: 5070 }, /--sip .* --carrier/],
    [{ rtp: 60_000 }, /--rtp 60000 .* 65535/],
    [{ tlib: 8079 }, /--http .* --tlib/],
  ])('are refused where they collide or end: %o', (moved, words) => {
    const make = () => demoAddresses({ ...defaultPorts, ...moved })

    expect(make).toThrow(BadPorts)
    expect(make).toThrow(words)
  })
})
