import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { TrunkEntry } from '#protocols/model/entries.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import { type Examined, trunkFindings } from './trunk-findings.ts'

const since = '2026-01-01T00:00:00.000Z'
const up = { state: 'up', reason: '', since, milliseconds: 12 } as const
const down = (reason: string) => ({ state: 'down', reason, since }) as const

const proxy = (more: Partial<TrunkAtProxy> = {}): TrunkAtProxy => ({
  health: up,
  facing: 'sip:203.0.113.5:5060',
  servers: ['198.51.100.1:5060'],
  ...more,
})
const failing = (reason: string) =>
  proxy({ registration: { state: 'failing', reason, registrar: 'provider.example', since } })
const call = (status?: number) =>
  ({ dnis: '0044123456', ...(status && { ending: { by: 'carrier', cause: 'refused', status } }) }) as Interaction

function examine(examined: Partial<Examined> & { entry?: Partial<TrunkEntry> } = {}) {
  const entry = { name: 'provider', destination: 'provider.example', numbers: ['0XXXXX!'], ...examined.entry }
  const trunk = configurationFrom({ trunks: [entry] }).trunk('provider')
  if (trunk === undefined) throw new Error('no trunk')
  const findings = trunkFindings({ proxies: [proxy()], tls: [], calls: [], ...examined, trunk })
  return (check: string) => findings.find((one) => one.check === check)
}
const account: Partial<TrunkEntry> = { credentials: { username: 'a', secret: 's' }, registration: {} }

describe('the doctor of a trunk', () => {
  it('finds nothing wrong with a good one', () => {
    const registered = proxy({
      registration: { state: 'registered', reason: '', registrar: 'provider.example', since },
    })
    const of = examine({ entry: account, proxies: [registered, proxy()], calls: [call()] })

    const checks = [
      'configuration',
      'name (DNS)',
      'answer to OPTIONS',
      'registration',
      'last calls out',
      'audio both ways',
    ]
    expect(checks.map((check) => of(check)?.verdict)).toEqual(checks.map(() => 'ok'))
    expect(of('answer to OPTIONS')?.found).toBe('from all of 2 proxies, in 12 ms at most')
  })

  it('says that the DNS does not know the name, and how to ask it', () => {
    const of = examine({
      proxies: [proxy({ health: down('provider.example: the DNS has no address for it'), servers: [] })],
    })

    expect(of('name (DNS)')).toMatchObject({
      verdict: 'failed',
      found: 'provider.example: the DNS has no address for it',
      remedy: expect.stringContaining('dig SRV _sip._udp.provider.example'),
    })
    expect(of('answer to OPTIONS')?.remedy).toBe('first have its name found, see above')
  })

  it('says which proxies get no answer', () => {
    const of = examine({ proxies: [proxy(), proxy({ health: down('it does not answer') })] })

    expect(of('answer to OPTIONS')).toMatchObject({ verdict: 'failed', found: '1 of 2 proxies: it does not answer' })
  })

  it.each([
    ['401: it does not take the user name or the password', 'credentials.username and secret'],
    ['401: it asks for realm "asterisk", not for "provider.example"', 'credentials.realm to "asterisk"'],
    ['403 Forbidden', 'barred'],
    ['404 Not Found', 'no such account'],
    ['423 Interval Too Brief', 'registration.expires'],
    ['302 Moved Temporarily', 'registration.registrars'],
    ['401: it calls every nonce of its own stale', 'nonces'],
    ['no answer', 'second one under registration.registrars'],
  ])('says what to do where a registration fails with %s', (reason, remedy) => {
    const finding = examine({ entry: account, proxies: [failing(reason)] })('registration')

    expect(finding).toMatchObject({ verdict: 'failed', found: `provider.example: ${reason}` })
    expect(finding?.remedy).toContain(remedy)
  })

  it.each([
    ['no TLS with 198.51.100.1:5061: certificate has expired', 'renew'],
    ['no TLS with 198.51.100.1:5061: its certificate does not name provider.example', 'another name'],
    ['no TLS with 198.51.100.1:5061: self-signed certificate', 'tls.authorities'],
    ['cannot connect to 198.51.100.1:5061: nobody listens there', '5061'],
  ])('says what is wrong with TLS: %s', (fault, remedy) => {
    const finding = examine({ entry: { transport: 'tls' }, tls: [fault] })('certificate (TLS)')

    expect(finding).toMatchObject({ verdict: 'failed', found: fault })
    expect(finding?.remedy).toContain(remedy)
  })

  it.each([
    [488, 'G.711'],
    [407, 'credentials'],
    [403, 'callerID'],
    [404, 'rewriteOut'],
    [503, 'no room'],
  ])('says what to do where every call out is refused with %i', (status, remedy) => {
    const finding = examine({ calls: [call(status), call(status)] })('last calls out')

    expect(finding).toMatchObject({ verdict: 'failed', found: `2 of 2 refused, the last with ${status}` })
    expect(finding?.remedy).toContain(remedy)
  })

  it('warns where only some are refused, and does not count calls of other trunks', () => {
    const other = { ...call(404), dnis: '8010' } as Interaction

    expect(examine({ calls: [call(404), call()] })('last calls out')?.verdict).toBe('warning')
    expect(examine({ calls: [other] })('last calls out')).toMatchObject({ verdict: 'ok', found: 'none of late' })
  })

  it('finds one-way audio before it is heard: a provider outside is told a private address', () => {
    const inside = { facing: 'sip:192.168.1.5:5060;transport=tcp' }

    expect(examine({ proxies: [proxy(inside)] })('audio both ways')).toMatchObject({
      verdict: 'failed',
      found: 'the provider is told to reach us at 192.168.1.5:5060, which it cannot',
      remedy: expect.stringContaining('advertise'),
    })
    expect(examine({ proxies: [proxy({ ...inside, servers: ['10.0.0.9:5060'] })] })('audio both ways')?.verdict).toBe(
      'ok',
    )
  })

  it('says that a trunk without destination and sources leads nowhere', () => {
    const of = examine({ entry: { destination: undefined, sources: [] } as unknown as Partial<TrunkEntry> })

    expect(of('configuration')).toMatchObject({ verdict: 'failed', found: 'it leads nowhere' })
  })
})
