import { describe, expect, it } from 'vitest'
import { parseURI } from '../../message/headers/uri.ts'
import { defaultPort, protocolNamed, protocolUnnamed } from './uri-transport.ts'

describe('the transport of a URI', () => {
  it.each([
    ['sip:a', ''],
    ['sips:a', ''],
    ['sip:a;transport=UDP', 'UDP'],
    ['sip:a;transport=wss', 'WSS'],
    ['sips:a;transport=tcp', 'TLS'],
    ['sips:a;transport=ws', 'WSS'],
    ['sips:a;transport=udp', undefined],
    ['sip:a;transport=sctp', undefined],
  ])('%s names %s (RFC 3261 §19.1.2, §26.2.2)', (uri, protocol) => {
    expect(protocolNamed(parseURI(uri))).toBe(protocol)
  })

  it('is UDP where none is named, TLS for sips, each with its port (RFC 3263 §4.1, §4.2)', () => {
    const hops = ['sip:a', 'sips:a'].map((uri) => protocolUnnamed(parseURI(uri)))

    expect(hops.map((protocol) => [protocol, defaultPort(protocol)])).toEqual([
      ['UDP', 5060],
      ['TLS', 5061],
    ])
    expect([defaultPort('WS'), defaultPort('WSS')]).toEqual([80, 443])
  })
})
