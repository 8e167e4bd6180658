/** What is wrong with a set of objects: shape, duplicate numbers and names, references to nothing. */
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Fault as SchemaFault, faultsOf as schemaFaults } from '#platform/schema/faults.ts'
import { addressRange } from './address-range.ts'
import { numberPattern } from './number-pattern.ts'
import { type Kind, keyOf, kindNames, kinds, type ObjectOf, type Objects, Settings } from './objects.ts'
import { registrarsOf } from './trunk.ts'

/** One thing that is wrong, with what to do; `property` where it is one property's value. */
export type Fault = {
  readonly kind: Kind | 'settings'
  readonly key?: string
  readonly property?: string
  readonly message: string
}

const checks = new Map(kindNames.map((kind) => [kind, Compile(kinds[kind].schema as TSchema)]))
const settingsCheck = Compile(Settings)

/** Every fault, in the order of the objects; none when they can be used. */
export function faultsOf(objects: Objects): Fault[] {
  return [
    ...schemaFaults(Settings, settingsCheck, objects.settings).map((fault) => told({ kind: 'settings' }, fault)),
    ...kindNames.flatMap((kind) => objects[kind].flatMap((object) => shapeFaults(kind, object))),
    ...duplicates(objects),
    ...references(objects),
    ...objects.dns.flatMap(digestFaults),
    ...objects.dns.flatMap((dn) => numberFaults({ kind: 'dns', key: dn.number }, 'outsideNumbers', dn.outsideNumbers)),
    ...numberFaults({ kind: 'settings' }, 'outsideNumbers', objects.settings.outsideNumbers),
    ...objects.trunks.flatMap(trunkFaults),
  ]
}

function shapeFaults(kind: Kind, object: ObjectOf<Kind>): Fault[] {
  const check = checks.get(kind)
  const faults = check === undefined ? [] : schemaFaults(kinds[kind].schema, check, object)
  return faults.map((fault) => told({ kind, key: keyOf(kind, object) }, fault))
}

/** In the words that files are checked with. */
function told(of: Pick<Fault, 'kind' | 'key'>, { path, message, remedy }: SchemaFault): Fault {
  const [property, ...inside] = path
  const text = `${[inside.join('.'), message].filter((part) => part !== '').join(' ')}; ${remedy}`
  return property === undefined ? { ...of, message: text } : { ...of, property, message: text }
}

/** A key names one object of its kind, and a dialled number one object of all kinds. */
function duplicates(objects: Objects): Fault[] {
  const numbered = new Set<Kind>(['dns', 'routingPoints', 'services'])
  const seen = new Map<string, Kind>()
  const faults: Fault[] = []
  for (const kind of kindNames)
    for (const object of objects[kind]) {
      const key = keyOf(kind, object)
      const space = `${numbered.has(kind) ? 'number' : kind}:${key}`
      const earlier = seen.get(space)
      seen.set(space, kind)
      if (earlier === undefined) continue
      const where = earlier === kind ? `${kind} names it twice` : `it is in ${earlier} already`
      faults.push({ kind, key, property: kinds[kind].key, message: `${key} is taken: ${where}` })
    }
  return faults
}

function references(objects: Objects): Fault[] {
  const skills = new Set(objects.skills.map((skill) => skill.name))
  const strategies = new Set(objects.strategies.map((strategy) => strategy.name))
  const numbers = new Set(
    (['dns', 'routingPoints', 'services'] as const).flatMap((kind) => objects[kind].map((object) => object.number)),
  )
  const persons = objects.persons.flatMap((person) =>
    Object.keys(person.skills)
      .filter((skill) => !skills.has(skill))
      .map((skill) => unknown('persons', person.employeeId, 'skills', 'skill', skill, skills)),
  )
  const points = objects.routingPoints.flatMap((point) => [
    ...(strategies.has(point.strategy)
      ? []
      : [unknown('routingPoints', point.number, 'strategy', 'strategy', point.strategy, strategies)]),
    ...(point.defaultDestination === undefined || numbers.has(point.defaultDestination)
      ? []
      : [unknown('routingPoints', point.number, 'defaultDestination', 'number', point.defaultDestination, numbers)]),
  ])
  const dns = new Set(objects.dns.map((dn) => dn.number))
  const mailboxes = objects.dns.flatMap(({ number, mailboxes = [] }) =>
    mailboxes
      .filter((mailbox) => !dns.has(mailbox))
      .map((mailbox) => unknown('dns', number, 'mailboxes', 'DN', mailbox, dns)),
  )
  return [...persons, ...points, ...mailboxes]
}

function unknown(kind: Kind, key: string, property: string, what: string, name: string, known: Set<string>): Fault {
  const names = [...known].slice(0, 8).join(', ')
  const remedy = known.size === 0 ? `none is defined` : `defined are ${names}${known.size > 8 ? ', …' : ''}`
  return { kind, key, property, message: `there is no ${what} ${name}; ${remedy}` }
}

const digestFaults = (dn: ObjectOf<'dns'>): Fault[] =>
  dn.algorithms
    .filter((algorithm) => Object.keys(dn.ha1).length > 0 && dn.ha1[algorithm] === undefined)
    .map((algorithm) => ({
      kind: 'dns',
      key: dn.number,
      property: 'algorithms',
      message: `${algorithm} has no HA1; give the secret again, or leave ${algorithm} out`,
    }))

const numberFaults = (of: Pick<Fault, 'kind' | 'key'>, property: string, patterns: readonly string[] = []): Fault[] =>
  patterns
    .filter((pattern) => numberPattern(pattern) === undefined)
    .map((pattern) => ({
      ...of,
      property,
      message: `${pattern} is no number pattern: digits, X, Z, N, and . or ! at the end`,
    }))

function trunkFaults(trunk: ObjectOf<'trunks'>): Fault[] {
  const fault = (property: string, message: string): Fault => ({ kind: 'trunks', key: trunk.name, property, message })
  const sources = trunk.sources
    .filter((source) => addressRange(source) === undefined)
    .map((source) => fault('sources', `${source} is no IP address or CIDR range, such as 192.0.2.0/24`))
  const numbers = numberFaults({ kind: 'trunks', key: trunk.name }, 'numbers', trunk.numbers)
  const hosts = [...optional('destination', trunk.destination), ...optional('domain', trunk.domain)]
    .concat((trunk.registration?.registrars ?? []).map((host) => ['registration', host]))
    .filter(([, host]) => !isHost(host))
    .map(([property, host]) =>
      fault(property, `${host} is no host or host:port, such as sip.example.com or 192.0.2.1:5060`),
    )
  return [...sources, ...numbers, ...hosts, ...registrationFaults(trunk, fault), ...voicemailFaults(trunk, fault)]
}

const optional = (property: string, value: string | undefined): [string, string][] =>
  value === undefined ? [] : [[property, value]]

function registrationFaults(trunk: ObjectOf<'trunks'>, fault: (property: string, message: string) => Fault): Fault[] {
  const { credentials, registration } = trunk
  const password =
    credentials === undefined || Object.keys(credentials.ha1).length > 0
      ? []
      : [fault('credentials', 'has no secret; give the password of the account as secret')]
  if (registration === undefined) return password
  return [
    ...password,
    ...(credentials === undefined ? [fault('registration', 'needs an account; add credentials')] : []),
    ...(registrarsOf(trunk).length === 0
      ? [fault('registration', 'has no registrar; name registrars or a destination')]
      : []),
  ]
}

/** A server that nobody can tell from others would be refused whatever it says. */
function voicemailFaults(
  { voicemail, sources, registration, transport }: ObjectOf<'trunks'>,
  fault: (property: string, message: string) => Fault,
): Fault[] {
  if (!voicemail || sources.length > 0 || registration !== undefined || transport === 'tls') return []
  return [fault('voicemail', 'has no sources; name the addresses that the server sends from')]
}

/** `sip.example.com`, `127.0.0.1:5060`, `[::1]:5060`. */
function isHost(text: string): boolean {
  const match = text.match(/^(?:\[([0-9a-fA-F:.]+)\]|([0-9A-Za-z._-]+))(?::(\d{1,5}))?$/)
  const [, ipv6, name = '', port] = match ?? []
  if (match === null || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) return false
  const address = ipv6 ?? (/^[0-9.]+$/.test(name) ? name : undefined)
  return address === undefined || addressRange(address) !== undefined
}
