import { describe, expect, it } from 'vitest'
import type { Records, RecordType } from '#platform/runtime/runtime.ts'
import { parseURI } from '../../message/headers/uri.ts'
import type { Hop } from '../../transport/transport.ts'
import { type Abilities, type Read, selectServers } from './select-servers.ts'

type Zone = { [T in RecordType]?: Readonly<Record<string, readonly Records[T][]>> }

const all: Abilities = { protocols: ['UDP', 'TCP', 'TLS'], families: [4, 6] }
const knowing =
  (zone: Zone): Read =>
  (type, name) =>
    zone[type]?.[name] ?? []
const first = () => 0

const select = (uri: string, zone: Zone = {}, abilities = all) =>
  selectServers(parseURI(uri), abilities, knowing(zone), first).hops.map(text)
const text = ({ protocol, host, port }: Hop) => `${protocol} ${host} ${port}`
const srv = (target: string, port = 5060, priority = 10, weight = 0) => ({ target, port, priority, weight })
const naptr = (service: string, replacement: string, order = 10, preference = 10, flags = 's') => ({
  service,
  replacement,
  order,
  preference,
  flags,
})

const carrier: Zone = {
  NAPTR: {
    'carrier.example': [
      naptr('SIP+D2U', '_sip._udp.carrier.example', 50),
      naptr('SIPS+D2T', '_sips._tcp.carrier.example', 40),
      naptr('SIP+D2T', '_sip._tcp.carrier.example', 45),
    ],
  },
  SRV: {
    '_sip._udp.carrier.example': [srv('b.carrier.example', 5062, 20), srv('a.carrier.example', 5061, 10)],
    '_sip._tcp.carrier.example': [srv('a.carrier.example', 5063)],
    '_sips._tcp.carrier.example': [srv('a.carrier.example', 5064)],
  },
  A: { 'a.carrier.example': ['192.0.2.1'], 'b.carrier.example': ['192.0.2.2'], 'carrier.example': ['192.0.2.9'] },
  AAAA: { 'a.carrier.example': ['2001:db8::1'] },
}

describe('locating SIP servers (RFC 3263 §4)', () => {
  it.each([
    ['sip:192.0.2.7', 'UDP 192.0.2.7 5060'],
    ['sip:192.0.2.7:5070;transport=tcp', 'TCP 192.0.2.7 5070'],
    ['sip:[2001:db8::7]', 'UDP 2001:db8::7 5060'],
    ['sips:192.0.2.7', 'TLS 192.0.2.7 5061'],
    ['sip:host.example;maddr=192.0.2.8', 'UDP 192.0.2.8 5060'],
  ])('asks nothing about %s, which says it all', (uri, hop) => {
    const asking: Read = () => undefined

    expect(selectServers(parseURI(uri), all, asking, first)).toMatchObject({ missing: [] })
    expect(select(uri)).toEqual([hop])
  })

  it('asks for addresses alone where the port is named (§4.2)', () => {
    const selection = selectServers(parseURI('sip:carrier.example:5099'), all, () => undefined, first)

    expect(selection.missing).toEqual([
      { type: 'A', name: 'carrier.example' },
      { type: 'AAAA', name: 'carrier.example' },
    ])
    expect(select('sip:carrier.example:5099', carrier)).toEqual(['UDP 192.0.2.9 5099'])
  })

  it('takes the transports in the order of the NAPTR records, servers by priority, both families', () => {
    expect(select('sip:1@carrier.example', carrier)).toEqual([
      'TLS 192.0.2.1 5064',
      'TLS 2001:db8::1 5064',
      'TCP 192.0.2.1 5063',
      'TCP 2001:db8::1 5063',
      'UDP 192.0.2.1 5061',
      'UDP 2001:db8::1 5061',
      'UDP 192.0.2.2 5062',
    ])
  })

  it('leaves out transports and addresses that it has no ports for', () => {
    const abilities: Abilities = { protocols: ['UDP'], families: [4] }

    expect(select('sip:1@carrier.example', carrier, abilities)).toEqual(['UDP 192.0.2.1 5061', 'UDP 192.0.2.2 5062'])
  })

  it('asks no NAPTR records where the URI names the transport (§4.1)', () => {
    expect(select('sip:1@carrier.example;transport=tcp', carrier)).toEqual([
      'TCP 192.0.2.1 5063',
      'TCP 2001:db8::1 5063',
    ])
  })

  it('uses TLS alone for sips, whatever NAPTR offers', () => {
    expect(select('sips:1@carrier.example', carrier)).toEqual(['TLS 192.0.2.1 5064', 'TLS 2001:db8::1 5064'])
    expect(select('sips:1@carrier.example;transport=tcp', carrier)).toEqual([
      'TLS 192.0.2.1 5064',
      'TLS 2001:db8::1 5064',
    ])
    expect(select('sips:1@carrier.example;transport=udp', carrier)).toEqual([])
  })

  it('asks for SRV records of every transport it speaks where there is no NAPTR record', () => {
    const { SRV = {}, A = {} } = carrier

    expect(select('sip:1@carrier.example', { SRV, A })).toEqual([
      'UDP 192.0.2.1 5061',
      'UDP 192.0.2.2 5062',
      'TCP 192.0.2.1 5063',
      'TLS 192.0.2.1 5064',
    ])
  })

  it('falls back to the addresses of the name itself, at the default port', () => {
    const { A = {} } = carrier

    expect(select('sip:1@carrier.example', { A })).toEqual(['UDP 192.0.2.9 5060'])
    expect(select('sip:1@carrier.example;transport=tls', { A })).toEqual(['TLS 192.0.2.9 5061'])
  })

  it('names what it misses, round by round: NAPTR with the usual SRV names, then addresses', () => {
    const known = new Set<string>()
    const rounds: string[][] = []
    const read: Read = (type, name) => (known.has(`${type} ${name}`) ? knowing(carrier)(type, name) : undefined)
    for (let round = 0; round < 4; round++) {
      const { missing } = selectServers(parseURI('sip:1@carrier.example'), all, read, first)
      rounds.push(missing.map(({ type }) => type))
      for (const { type, name } of missing) known.add(`${type} ${name}`)
    }

    expect(rounds.map((types) => [...new Set(types)])).toEqual([['NAPTR', 'SRV'], ['A', 'AAAA'], [], []])
  })
})

describe('a DNS that lies', () => {
  const uri = 'sip:1@liar.example;transport=udp'
  const name = '_sip._udp.liar.example'

  it.each([
    ['a service that is not there (RFC 2782)', [srv('.')]],
    ['port 0', [srv('a.liar.example', 0)]],
    ['a target without a name', [srv('')]],
  ])('leads nowhere by %s', (_what, records) => {
    const A = { 'a.liar.example': ['192.0.2.1'], 'liar.example': ['192.0.2.2'] }

    expect(select(uri, { SRV: { [name]: records }, A })).toEqual([])
  })

  it('does not lead to addresses of nobody or of many', () => {
    const A = { 'a.liar.example': ['0.0.0.0', '224.0.0.1', '239.1.1.1', '255.255.255.255', '1.2.3', '192.0.2.1'] }
    const AAAA = { 'a.liar.example': ['::', 'ff02::1'] }

    expect(select(uri, { SRV: { [name]: [srv('a.liar.example')] }, A, AAAA })).toEqual(['UDP 192.0.2.1 5060'])
  })

  it('leads to eight servers at most, each once, however many records it has', () => {
    const many = Array.from({ length: 5000 }, (_, index) => srv(`h${index}.liar.example`, 5060, 1, index % 100))
    const A = Object.fromEntries(many.map(({ target }, index) => [target, [`192.0.2.${index % 200}`, '192.0.2.1']]))

    const hops = select(uri, { SRV: { [name]: many }, A })

    expect(hops.length).toBeLessThanOrEqual(8)
    expect(new Set(hops).size).toBe(hops.length)
  })

  it('ends where NAPTR, SRV and addresses go in a circle', () => {
    const zone: Zone = {
      NAPTR: { 'liar.example': [naptr('SIP+D2U', 'liar.example')] },
      SRV: { 'liar.example': [srv('liar.example')] },
    }

    expect(select('sip:1@liar.example', zone)).toEqual([])
  })

  it('leads nowhere by NAPTR records of other kinds, so that SRV is asked', () => {
    const NAPTR = {
      'liar.example': [naptr('E2U+sip', '_sip._udp.elsewhere'), naptr('SIP+D2U', '_sip._udp.elsewhere', 1, 1, 'u')],
    }

    expect(
      select('sip:1@liar.example', { NAPTR, SRV: { [name]: [srv('h.example')] }, A: { 'h.example': ['192.0.2.3'] } }),
    ).toEqual(['UDP 192.0.2.3 5060'])
  })

  it('names whom a server has to prove to be over TLS: the domain that was asked for, not where SRV led (RFC 5922 §4)', () => {
    const { hops } = selectServers(parseURI('sips:1@carrier.example'), all, knowing(carrier), first)

    expect(hops.map(({ domain }) => domain)).toEqual(['carrier.example', 'carrier.example'])
  })
})
