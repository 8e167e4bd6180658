/** An immutable snapshot of everything configured, with the look-ups that calls need. */
import { type AddressRange, addressRange } from './address-range.ts'
import { complete, type Entries } from './entries.ts'
import { type NumberPattern, numberPattern } from './number-pattern.ts'
import type { DN, Objects, Person, RoutingPoint, ServiceNumber, Settings, Skill, Strategy, Trunk } from './objects.ts'
import { domainOf, serversOf } from './trunk.ts'

/** What a dialled number leads to. */
type Destination =
  | { readonly kind: 'dn'; readonly dn: DN }
  | { readonly kind: 'routing-point'; readonly routingPoint: RoutingPoint }
  | { readonly kind: 'service'; readonly service: ServiceNumber }
  | { readonly kind: 'trunk'; readonly trunk: Trunk }

export interface Configuration {
  /** Grows by one with each change that was applied. */
  readonly revision: number
  readonly objects: Objects
  readonly settings: Settings
  person(employeeId: string): Person | undefined
  dn(number: string): DN | undefined
  routingPoint(number: string): RoutingPoint | undefined
  service(number: string): ServiceNumber | undefined
  skill(name: string): Skill | undefined
  strategy(name: string): Strategy | undefined
  trunk(name: string): Trunk | undefined
  /** The trunk whose calls come from this address, the first one that names it. */
  trunkFrom(host: string): Trunk | undefined
  /** The TLS trunk whose provider has proved to be one of these domains (RFC 5922). */
  trunkOfDomains(domains: readonly string[]): Trunk | undefined
  /** The trunk a number goes out to, by the most digits its pattern names. */
  trunkTo(number: string): Trunk | undefined
  /** No limit refuses a call to it. */
  isEmergency(number: string): boolean
  /** What a dialled number leads to: emergency numbers out, our own numbers, then trunks. */
  destination(number: string): Destination | undefined
  /** Whether this DN may call that number outside, whichever trunk takes it. */
  mayCallOutside(dn: string, number: string): boolean
  /** Seconds granted to a registration of this DN. */
  registrationLifetime(dn: DN): number
}

export function configuration(objects: Objects, revision: number): Configuration {
  const persons = new Map(objects.persons.map((person) => [person.employeeId, person]))
  const dns = new Map(objects.dns.map((dn) => [dn.number, dn]))
  const routingPoints = new Map(objects.routingPoints.map((point) => [point.number, point]))
  const services = new Map(objects.services.map((service) => [service.number, service]))
  const skills = new Map(objects.skills.map((skill) => [skill.name, skill]))
  const strategies = new Map(objects.strategies.map((strategy) => [strategy.name, strategy]))
  const trunks = new Map(objects.trunks.map((trunk) => [trunk.name, trunk]))
  const trunkTo = outwards(objects.trunks)
  const emergencyNumbers = new Set(objects.settings.emergencyNumbers)
  const emergencyTrunk = objects.trunks.find((trunk) => trunk.emergency && serversOf(trunk).length > 0)
  return {
    revision,
    objects,
    settings: objects.settings,
    person: (employeeId) => persons.get(employeeId),
    dn: (number) => dns.get(number),
    routingPoint: (number) => routingPoints.get(number),
    service: (number) => services.get(number),
    skill: (name) => skills.get(name),
    strategy: (name) => strategies.get(name),
    trunk: (name) => trunks.get(name),
    trunkFrom: inwards(objects.trunks),
    trunkOfDomains: (domains) =>
      domains.length === 0 ? undefined : objects.trunks.find((trunk) => isOf(trunk, domains)),
    trunkTo,
    isEmergency: (number) => emergencyNumbers.has(number),
    destination(number) {
      if (emergencyTrunk !== undefined && emergencyNumbers.has(number)) return { kind: 'trunk', trunk: emergencyTrunk }
      const dn = dns.get(number)
      if (dn !== undefined) return { kind: 'dn', dn }
      const routingPoint = routingPoints.get(number)
      if (routingPoint !== undefined) return { kind: 'routing-point', routingPoint }
      const service = services.get(number)
      if (service !== undefined) return { kind: 'service', service }
      const trunk = trunkTo(number)
      return trunk === undefined ? undefined : { kind: 'trunk', trunk }
    },
    mayCallOutside: outsideNumbers(objects),
    registrationLifetime: (dn) => dn.registrationLifetime ?? objects.settings.registrationLifetime,
  }
}

/** For tests and tools: a configuration from entries, defaults filled in. */
export const configurationFrom = (entries: Entries, revision = 1): Configuration =>
  configuration(complete(entries), revision)

const defined = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value])

const isOf = (trunk: Trunk, domains: readonly string[]) =>
  trunk.transport === 'tls' && domains.includes(domainOf(trunk).toLowerCase())

function inwards(trunks: readonly Trunk[]): (host: string) => Trunk | undefined {
  const rows: { range: AddressRange; trunk: Trunk }[] = trunks.flatMap((trunk) =>
    trunk.sources.flatMap((source) => defined(addressRange(source)).map((range) => ({ range, trunk }))),
  )
  return (host) => rows.find((row) => row.range.contains(host))?.trunk
}

function outwards(trunks: readonly Trunk[]): (number: string) => Trunk | undefined {
  const rows: { pattern: NumberPattern; trunk: Trunk }[] = trunks
    .filter((trunk) => serversOf(trunk).length > 0)
    .flatMap((trunk) =>
      trunk.numbers.flatMap((text) => defined(numberPattern(text)).map((pattern) => ({ pattern, trunk }))),
    )
    .sort((a, b) => named(b.pattern) - named(a.pattern))
  return (number) => rows.find((row) => row.pattern.matches(number))?.trunk
}

function outsideNumbers({ dns, settings }: Objects): (dn: string, number: string) => boolean {
  const compiled = (texts: readonly string[]) => texts.flatMap((text) => defined(numberPattern(text)))
  const ofAll = settings.outsideNumbers && compiled(settings.outsideNumbers)
  const own = new Map(
    dns.flatMap((dn) => (dn.outsideNumbers === undefined ? [] : [[dn.number, compiled(dn.outsideNumbers)] as const])),
  )
  return (dn, number) => (own.get(dn) ?? ofAll)?.some((pattern) => pattern.matches(number)) ?? true
}

const named = (pattern: NumberPattern) => pattern.text.replace(/[^0-9+*#]/g, '').length
