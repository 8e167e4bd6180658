import { describe, expect, it } from 'vitest'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { homeOf, readFlow, writeFlow } from './flow.ts'

const own = { proxy: 'proxy1.dc1', run: 'r', aor: '1001', binding: 'b' }
const kept = (hop: Hop) => readFlow(writeFlow({ ...own, hop }))?.hop
const udp: Hop = { protocol: 'UDP', host: '2001:db8::1', port: 40_000 }

describe('flows', () => {
  it('come back as they were written, over IPv6 too', () => {
    for (const hop of [udp, { ...udp, pinned: true }, { ...udp, protocol: 'WSS' as const, connection: 7 }])
      expect(kept(hop)).toEqual(hop)
  })

  it('lead a large request to TCP only at an address of the endpoint itself (RFC 3261 §18.1.1)', () => {
    const home = (contact: string) => homeOf(udp, parseURI(contact))

    expect(home('sip:1001@[2001:DB8:0:0:0:0:0:1]:5062')).toEqual({ ...udp, port: 5062 })
    expect(home('sip:1001@192.168.1.2:5060')).toEqual({ ...udp, pinned: true })
    expect(home('sip:1001@phone.example')).toEqual({ ...udp, pinned: true })
  })
})
