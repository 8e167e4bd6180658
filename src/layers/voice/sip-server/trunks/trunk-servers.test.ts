import { describe, expect, it } from 'vitest'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import { TrunkServers } from './trunk-servers.ts'

const at = (...servers: string[]): TrunkAtProxy => ({
  health: { state: 'up', reason: '', since: '2026-11-24T08:00:00.000Z' },
  facing: 'sip:10.0.0.1:5060',
  servers,
})
const announced = (...proxies: Record<string, TrunkAtProxy>[]) =>
  new Map(proxies.map((trunks, n) => [`trunk/dc1/proxy${n}`, JSON.stringify(trunks)]))

describe('the servers of a trunk', () => {
  it.each([
    ['on IPv4', [at('192.0.2.1:5060', '192.0.2.2:5060'), at('192.0.2.1:5060')], 4],
    ['on IPv6', [at('[2001:db8::1]:5060'), at()], 6],
    ['on both', [at('[2001:db8::1]:5060', '192.0.2.1:5060')], undefined],
    ['on one or the other, by whom one asks', [at('[2001:db8::1]:5060'), at('192.0.2.1:5060')], undefined],
    ['not found yet', [at()], undefined],
  ])('are %s as the proxies say', (_where, proxies, version) => {
    const servers = new TrunkServers()

    servers.follow(announced(...proxies.map((carrier) => ({ carrier }))))

    expect(servers.ipVersionOf('carrier')).toBe(version)
    expect(servers.ipVersionOf('another')).toBeUndefined()
  })

  it('are forgotten with the proxies that knew them', () => {
    const servers = new TrunkServers()
    servers.follow(announced({ carrier: at('192.0.2.1:5060') }))

    servers.follow(announced())

    expect(servers.ipVersionOf('carrier')).toBeUndefined()
  })
})
