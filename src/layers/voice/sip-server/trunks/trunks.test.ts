import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { TrunkEntry } from '#protocols/model/entries.ts'
import { buildRequest } from '#protocols/sip/message/build-request.ts'
import { trunkSource } from '../../model/source-field.ts'
import { directoryOf } from '../directory.ts'

const account = { credentials: { username: 'account', secret: 's' }, domain: 'provider.example' }

function setUp(trunk: Partial<TrunkEntry> = {}) {
  const entry = { name: 'provider', destination: '192.0.2.1:5080', numbers: ['0XXXXX!', '+XXXXX!'], ...trunk }
  const configuration = configurationFrom({ dns: [{ number: '1001' }], trunks: [entry] })
  const directory = directoryOf(() => configuration, { ipVersionOf: () => 6 })
  const uriOf = (number: string) => {
    const found = directory.destination(number)
    return found?.kind === 'trunk' ? found.uri : undefined
  }
  const out = (from = '"Ann" <sip:1001@ringmain>') => {
    const fields = [['P-Asserted-Identity', '<sip:1001@ringmain>']] as const
    const sent = directory.outwards('provider', { requestURI: 'sip:x', from, to: '<sip:x>', fields })
    const asserted = sent.fields?.find(([name]) => name === 'P-Asserted-Identity')?.[1]
    return { from: sent.from, asserted, identity: sent.identity }
  }
  const invite = (uri: string, to: string, from = '<sip:+4420@provider.example>;tag=1') =>
    buildRequest({
      method: 'INVITE',
      requestURI: uri,
      from,
      to,
      callID: 'c',
      cseq: 1,
      fields: [['X-Ringmain-Source', trunkSource('provider', '192.0.2.1:5060')]],
    }).finish('SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1')
  const dialled = (uri: string, to = '<sip:8000@provider.example>') => {
    const origin = directory.origin(invite(uri, to))
    return origin && directory.dialled(invite(uri, to), origin)
  }
  const caller = (from: string) => {
    const origin = directory.origin(invite('sip:8000@ringmain', '<sip:8000@ringmain>', from))
    return origin?.kind === 'trunk' ? origin.number : undefined
  }
  return { configuration, directory, uriOf, out, dialled, caller }
}

describe('a call out by a trunk', () => {
  it('knows on which version of IP its servers were found', () => {
    expect(setUp().directory.destination('0044123456')).toMatchObject({ kind: 'trunk', ipVersion: 6 })
  })

  it('asks for the number at the destination, or at the domain where there is one', () => {
    expect(setUp().uriOf('0044123456')).toBe('sip:0044123456@192.0.2.1:5080')
    expect(setUp({ transport: 'tcp' }).uriOf('0044123456')).toBe('sip:0044123456@192.0.2.1:5080;transport=tcp')
    expect(setUp(account).uriOf('0044123456')).toBe('sip:0044123456@provider.example')
  })

  it('writes numbers as the provider wants them, by the first rule that fits', () => {
    const rewriteOut = [
      { prefix: '00', replace: '+' },
      { prefix: '0', length: 11, replace: '+44' },
    ]
    const { uriOf } = setUp({ rewriteOut })

    expect(uriOf('0044123456')).toBe('sip:+44123456@192.0.2.1:5080')
    expect(uriOf('02079460018')).toBe('sip:+442079460018@192.0.2.1:5080')
    expect(uriOf('0207946')).toBe('sip:0207946@192.0.2.1:5080')
  })

  it('shows its caller at the domain of the provider', () => {
    expect(setUp(account).out()).toMatchObject({
      from: '"Ann" <sip:1001@provider.example>',
      asserted: '<sip:1001@provider.example>',
    })
  })

  it('shows the number of the trunk instead, its account in From, and asserts nothing, as it is told', () => {
    const number = '+442079460000'

    expect(setUp({ ...account, callerID: { number, from: 'caller', assert: true } }).out()).toMatchObject({
      from: `"Ann" <sip:${number}@provider.example>`,
      asserted: `<sip:${number}@provider.example>`,
    })
    expect(setUp({ ...account, callerID: { number, from: 'account', assert: true } }).out()).toMatchObject({
      from: '"Ann" <sip:account@provider.example>',
      asserted: `<sip:${number}@provider.example>`,
    })
    expect(setUp({ ...account, callerID: { from: 'account', assert: false } }).out().asserted).toBeUndefined()
  })

  it('shows nobody where its caller wants so, but for the account that the provider asks for (RFC 3323 §4.1)', () => {
    const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>'
    const callerID = { number: '+442079460000', from: 'caller', assert: true } as const

    expect(setUp({ ...account, callerID }).out(anonymous).from).toBe(anonymous)
    expect(setUp(account).out(anonymous).from).toBe(anonymous)
    expect(setUp({ ...account, callerID: { ...callerID, from: 'account' } }).out(anonymous).from).toBe(
      '"Anonymous" <sip:account@provider.example>',
    )
  })

  it('has an answer to challenges of the realm of the provider alone', () => {
    const { identity } = setUp(account).out()

    expect(identity).toMatchObject({ username: 'account', realm: 'provider.example' })
    expect(identity?.secretOf('MD5')?.ha1).toMatch(/^[0-9a-f]{32}$/)
    expect(setUp().out().identity).toBeUndefined()
  })

  it('takes emergency numbers first, before our own and whatever its patterns', () => {
    const { configuration } = setUp({ emergency: true })

    expect(configuration.destination('112')).toMatchObject({ kind: 'trunk', trunk: { name: 'provider' } })
    expect(setUp().configuration.destination('112')).toBeUndefined()
  })
})

describe('a call in by a trunk', () => {
  it('is for the user of its Request-URI', () => {
    expect(setUp(account).dialled('sip:8001@10.0.0.1')).toBe('8001')
  })

  it('is for the user of To where it comes to our Contact, else for what the trunk names', () => {
    const registering = { ...account, registration: {}, incoming: '8901' }

    expect(setUp(registering).dialled('sip:account@10.0.0.1')).toBe('8000')
    expect(setUp(registering).dialled('sip:account@10.0.0.1', '<sip:account@provider.example>')).toBe('8901')
  })

  it('has numbers in our form, the called and the calling one', () => {
    const { dialled, caller } = setUp({ rewriteIn: [{ prefix: '0044', replace: '+44' }] })

    expect(dialled('sip:00442079460000@10.0.0.1')).toBe('+442079460000')
    expect(caller('<sip:00442079460018@provider.example>;tag=1')).toBe('+442079460018')
  })
})

describe('a trunk by certificate', () => {
  it('is the TLS trunk whose domain was proved, and no other', () => {
    const { configuration } = setUp({ transport: 'tls', domain: 'provider.example' })

    expect(configuration.trunkOfDomains(['other.example', 'provider.example'])?.name).toBe('provider')
    expect(configuration.trunkOfDomains(['other.example'])).toBeUndefined()
    expect(configuration.trunkOfDomains([])).toBeUndefined()
    expect(setUp({ domain: 'provider.example' }).configuration.trunkOfDomains(['provider.example'])).toBeUndefined()
  })
})
