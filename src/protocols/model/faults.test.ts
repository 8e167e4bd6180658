import { describe, expect, it } from 'vitest'
import { changesBetween, withChanges } from './changes.ts'
import { complete, type Entries } from './entries.ts'
import { faultsOf } from './faults.ts'

const faults = (entries: Entries) => faultsOf(complete(entries)).map(({ message: _, ...place }) => place)

describe('faults of the objects', () => {
  it('finds none in objects that fit together', () => {
    const entries: Entries = {
      persons: [{ employeeId: '1001', name: 'Ann', skills: { sales: 5 } }],
      dns: [{ number: '1001', secret: 'demo' }],
      routingPoints: [{ number: '8000', name: 'Sales', strategy: 'queue', defaultDestination: '8901' }],
      services: [{ number: '8901', name: 'Closed', service: 'announcement', prompt: 'closed' }],
      trunks: [{ name: 'carrier', sources: ['192.0.2.0/24'], destination: '192.0.2.1:5060', numbers: ['XXXXX!'] }],
      skills: [{ name: 'sales' }],
      strategies: [{ name: 'queue', scxml: '<scxml/>' }],
    }

    expect(faults(entries)).toEqual([])
  })

  it.each<[string, Entries, object]>([
    [
      'a value out of its range',
      { persons: [{ employeeId: '1', name: 'A', afterCallWork: -1 }] },
      { kind: 'persons', key: '1', property: 'afterCallWork' },
    ],
    [
      'a number that two kinds of object have',
      { dns: [{ number: '8000' }], services: [{ number: '8000', name: 'Echo', service: 'echo' }] },
      { kind: 'services', key: '8000', property: 'number' },
    ],
    [
      'a skill that is not defined',
      { persons: [{ employeeId: '1', name: 'A', skills: { sales: 1 } }] },
      { kind: 'persons', key: '1', property: 'skills' },
    ],
    [
      'a strategy that is not defined',
      { routingPoints: [{ number: '8000', name: 'Sales', strategy: 'queue' }] },
      { kind: 'routingPoints', key: '8000', property: 'strategy' },
    ],
    [
      'a default destination that is no number of ours',
      {
        routingPoints: [{ number: '8000', name: 'Sales', strategy: 'q', defaultDestination: '1' }],
        strategies: [{ name: 'q', scxml: '<scxml/>' }],
      },
      { kind: 'routingPoints', key: '8000', property: 'defaultDestination' },
    ],
    [
      'a mailbox of what is no DN',
      { dns: [{ number: '1', mailboxes: ['1', '2'] }, { number: '3' }] },
      { kind: 'dns', key: '1', property: 'mailboxes' },
    ],
    [
      'an algorithm without its HA1 (RFC 7616 §3.4.2)',
      { dns: [{ number: '1', ha1: { MD5: '0'.repeat(32) }, algorithms: ['MD5', 'SHA-256'] }] },
      { kind: 'dns', key: '1', property: 'algorithms' },
    ],
    [
      'a source that is no address',
      { trunks: [{ name: 't', sources: ['example.com'] }] },
      { kind: 'trunks', key: 't', property: 'sources' },
    ],
    [
      'a number pattern with a wild card in its middle',
      { trunks: [{ name: 't', numbers: ['1.2'] }] },
      { kind: 'trunks', key: 't', property: 'numbers' },
    ],
    [
      'a pattern that is none, of what a DN may call outside',
      { dns: [{ number: '1', outsideNumbers: ['+44!', '1.2'] }] },
      { kind: 'dns', key: '1', property: 'outsideNumbers' },
    ],
    [
      'a destination with a port that there is not',
      { trunks: [{ name: 't', destination: 'carrier.example:70000' }] },
      { kind: 'trunks', key: 't', property: 'destination' },
    ],
    [
      'a destination that is no address and no name',
      { trunks: [{ name: 't', destination: '192.0.2.300' }] },
      { kind: 'trunks', key: 't', property: 'destination' },
    ],
    [
      'a registration without an account',
      { trunks: [{ name: 't', destination: 'carrier.example', registration: {} }] },
      { kind: 'trunks', key: 't', property: 'registration' },
    ],
    [
      'a registration without a registrar',
      { trunks: [{ name: 't', credentials: { username: 'u', realm: 'r', secret: 's' }, registration: {} }] },
      { kind: 'trunks', key: 't', property: 'registration' },
    ],
    [
      'a voicemail server that nobody could tell from others',
      { trunks: [{ name: 't', destination: 'voicemail.example', voicemail: true }] },
      { kind: 'trunks', key: 't', property: 'voicemail' },
    ],
    [
      'an account without its password',
      { trunks: [{ name: 't', credentials: { username: 'u', realm: 'r' } }] },
      { kind: 'trunks', key: 't', property: 'credentials' },
    ],
  ])('finds %s', (_what, entries, place) => {
    expect(faults(entries)).toEqual([place])
  })
})

describe('changes between objects', () => {
  it('lead from the one to the other', () => {
    const before = complete({ skills: [{ name: 'a' }, { name: 'b' }], dns: [{ number: '1' }] })
    const after = complete({ settings: { realm: 'r' }, skills: [{ name: 'b', description: 'B' }, { name: 'c' }] })

    const changes = changesBetween(before, after)

    expect(withChanges(before, changes)).toEqual(after)
    expect(changes).toHaveLength(5)
    expect(changesBetween(after, after)).toEqual([])
  })

  it('are told in the words in which files are checked: what it is, and what to do', () => {
    const entries = {
      persons: [{ employeeId: '1', name: 'A', roles: ['boss'], skils: {} }],
      dns: [{ number: '1', registrationLifetime: 1 }],
      trunks: [{ name: 'a/b', callerID: { from: 'anybody' } }],
      settings: { realm: '' },
    } as unknown as Entries

    const told = faultsOf(complete(entries)).map(({ kind, property, message }) => `${kind}.${property} ${message}`)

    expect(told).toEqual([
      'settings.realm is not written as it has to be; it is: digest realm',
      'persons.skils is no key here; did you mean skills?',
      'persons.roles 0 is none of the values it may have; write one of agent, supervisor, administrator',
      'dns.registrationLifetime must be >= 10; it is: seconds',
      'trunks.name is not written as it has to be; it is: letters, digits, _ . -, at most 64',
      'trunks.callerID from is none of the values it may have; write one of caller, account',
    ])
  })
})
