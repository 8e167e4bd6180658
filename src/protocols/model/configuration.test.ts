import { describe, expect, it } from 'vitest'
import { configurationFrom } from './configuration.ts'

const demo = configurationFrom({
  persons: [{ employeeId: '1001', name: 'Ann' }],
  dns: [
    { number: '1001', secret: 'demo' },
    { number: '2001', secret: 'demo', registrationLifetime: 3600 },
  ],
  routingPoints: [{ number: '8010', name: 'Reception', strategy: 'queue' }],
  services: [{ number: '8900', name: 'Echo', service: 'echo' }],
  trunks: [
    {
      name: 'carrier',
      sources: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'],
      destination: '127.0.0.1:6060',
      numbers: ['XXXXX!'],
    },
    { name: 'london', sources: ['192.0.2.1'], destination: '192.0.2.1:5060', numbers: ['4420XXXXXX!', '+4420.'] },
  ],
})

describe('a configuration', () => {
  it('fills in what an entry leaves out', () => {
    expect(demo.person('1001')).toEqual({
      employeeId: '1001',
      name: 'Ann',
      roles: ['agent'],
      skills: {},
      afterCallWork: 0,
      simulated: false,
    })
    expect(demo.settings.realm).toBe('ringmain')
    expect(demo.routingPoint('8010')?.media).toBe('direct')
  })

  it('keeps a DN’s HA1 and never its secret (RFC 7616 §3.4.2)', () => {
    const dn = demo.dn('1001')

    // md5('1001:ringmain:demo')
    expect(dn?.ha1).toEqual({ MD5: '518f74bf5b96d9e409a548e930d25221' })
    expect(JSON.stringify(demo.objects)).not.toContain('"secret"')
  })

  it('grants a registration what the DN says, else what the settings say', () => {
    const lifetimes = demo.objects.dns.map((dn) => demo.registrationLifetime(dn))

    expect(lifetimes).toEqual([30, 3600])
  })

  it.each([
    ['1001', 'dn'],
    ['8010', 'routing-point'],
    ['8900', 'service'],
    ['12345', 'trunk'],
    ['9999', undefined],
  ])('leads %s to a %s', (number, kind) => {
    expect(demo.destination(number)?.kind).toBe(kind)
  })

  it.each([
    ['127.0.0.1', 'carrier'],
    ['10.1.2.3', 'carrier'],
    ['2001:db8::5', 'carrier'],
    ['192.0.2.1', 'london'],
    ['11.0.0.1', undefined],
    ['2001:db9::1', undefined],
  ])('takes a call from %s as one of trunk %s', (host, trunk) => {
    expect(demo.trunkFrom(host)?.name).toBe(trunk)
  })

  it.each([
    ['442079460018', 'london'],
    ['+442079460018', 'london'],
    ['493012345', 'carrier'],
    ['1234', undefined],
    ['12345a', undefined],
  ])('sends %s out by trunk %s, the one whose pattern names most digits', (number, trunk) => {
    expect(demo.trunkTo(number)?.name).toBe(trunk)
  })

  it('sends a number of which two patterns name as many digits out by the trunk that stands first', () => {
    const trunk = (name: string, numbers: string[]) => ({ name, destination: '192.0.2.1:5060', numbers })
    const { trunkTo } = configurationFrom({ trunks: [trunk('b', ['+4XXXX!']), trunk('a', ['+XXXXX!', '+4XXXXX!'])] })

    expect(trunkTo('+493012345')?.name).toBe('b')
  })
})
