/**
 * Where a request to a URI goes (RFC 3263 §4): transport, address and port, from what the DNS has said so far. A
 * decision without effects: it names the records it misses, and is made again when they are there.
 */
import type { Records, RecordType } from '#platform/runtime/runtime.ts'
import { isIPv4, isIPv6, unbracketed } from '../../message/headers/host.ts'
import { type URI, uriParameter } from '../../message/headers/uri.ts'
import type { Hop, Protocol } from '../../transport/transport.ts'
import { inOrder } from './order-servers.ts'
import { defaultPort, protocolNamed, protocolUnnamed } from './uri-transport.ts'

export type Question = { readonly type: RecordType; readonly name: string }

/** Records as far as they are known: undefined is to be asked, an empty list is known to be nothing. */
export type Read = <T extends RecordType>(type: T, name: string) => readonly Records[T][] | undefined

/** What this side can do. */
export type Abilities = {
  /** Of UDP, TCP and TLS, those it speaks, the preferred one first. */
  readonly protocols: readonly Protocol[]
  /** Addresses it has ports for. */
  readonly families: readonly (4 | 6)[]
}

/** Hops in the order in which they are to be tried; while anything is missing there are none. */
export type Selection = { readonly hops: readonly Hop[]; readonly missing: readonly Question[] }

/** A DNS that lies is believed so far: records of one answer, and servers, of one service and in all. */
const mostRecords = 16
const mostServers = 8

/** `random`: from 0, without 1. */
export function selectServers(uri: URI, abilities: Abilities, read: Read, random: () => number): Selection {
  const missing: Question[] = []
  const search: Search = { abilities, random, read: reading(read, missing) }
  const servers = serversOf(uri, search)
  if (missing.length > 0) return { hops: [], missing }
  const hops = servers.flatMap((server) => addressesOf(server, search))
  if (missing.length > 0) return { hops: [], missing }
  return { hops: unique(hops).slice(0, mostServers).map(verifiable(uri)), missing }
}

/** RFC 5922 §4: over TLS a server has to prove that it is of the domain that was asked for, whatever the DNS made of that. */
function verifiable(uri: URI): (hop: Hop) => Hop {
  const domain = uri.host.toLowerCase()
  return (hop) => (hop.protocol === 'TLS' && !isNumeric(unbracketed(domain)) ? { ...hop, domain } : hop)
}

type Search = {
  readonly abilities: Abilities
  readonly random: () => number
  /** What is missing is noted, and read as nothing. */
  readonly read: <T extends RecordType>(type: T, name: string) => readonly Records[T][]
}

type Server = { readonly protocol: Protocol; readonly host: string; readonly port: number }

const reading =
  (read: Read, missing: Question[]): Search['read'] =>
  (type, name) => {
    const found = read(type, name)
    if (found === undefined) missing.push({ type, name })
    return found ?? []
  }

/** §4.1 and §4.2: which servers, by name. */
function serversOf(uri: URI, search: Search): readonly Server[] {
  const host = unbracketed((uriParameter(uri, 'maddr') ?? uri.host).toLowerCase())
  const named = protocolNamed(uri)
  if (named === undefined) return []
  const secure = uri.scheme === 'sips'
  const first = named || protocolUnnamed(uri)
  // Numbers say all there is to know; a port keeps SRV out of it (§4.2).
  if (isNumeric(host) || uri.port > 0) return [{ protocol: first, host, port: uri.port || defaultPort(first) }]
  const services = named === '' ? servicesOf(host, secure, search) : [{ protocol: named, name: srvName(named, host) }]
  const found = services.flatMap(({ protocol, name }) => srvServers(protocol, name, search))
  // RFC 2782: records without a server in them say that there is none; the domain's own address is for one without records.
  if (found.length > 0 || services.some(({ name }) => search.read('SRV', name).length > 0)) return found
  return [{ protocol: first, host, port: defaultPort(first) }]
}

type Service = { readonly protocol: Protocol; readonly name: string }

/**
 * §4.1: the transports the domain offers, by its NAPTR records; without, those we speak, whose SRV records are asked for
 * at the same time: few domains have NAPTR records, and a caller waits.
 */
function servicesOf(domain: string, secure: boolean, { abilities, read }: Search): readonly Service[] {
  const usable = abilities.protocols.filter((protocol) => !secure || protocol === 'TLS')
  const offered = [...read('NAPTR', domain)]
    .sort((one, other) => one.order - other.order || one.preference - other.preference)
    .slice(0, mostRecords)
    .flatMap(({ flags, service, replacement }) => {
      const protocol = serviceProtocols[service.toUpperCase()]
      // Only "s" records lead to SRV records; other ones are not of this application.
      const good = protocol !== undefined && usable.includes(protocol) && flags.toLowerCase() === 's'
      return good && isName(replacement) ? [{ protocol, name: replacement.toLowerCase() }] : []
    })
  if (offered.length > 0) return offered
  return usable.map((protocol) => ({ protocol, name: srvName(protocol, domain) }))
}

/** §8.1, RFC 3263: secure over UDP there is none. */
const serviceProtocols: Readonly<Record<string, Protocol>> = { 'SIP+D2U': 'UDP', 'SIP+D2T': 'TCP', 'SIPS+D2T': 'TLS' }

const srvNames: Readonly<Record<Protocol, string>> = {
  UDP: '_sip._udp.',
  TCP: '_sip._tcp.',
  TLS: '_sips._tcp.',
  WS: '_sip._tcp.',
  WSS: '_sips._tcp.',
}
const srvName = (protocol: Protocol, domain: string) => srvNames[protocol] + domain

/** Which ones is not left to chance, only their order: the names that are missed are the same each time. */
function srvServers(protocol: Protocol, name: string, { read, random }: Search): readonly Server[] {
  const records = read('SRV', name).filter(({ target, port }) => isName(target) && port > 0 && port <= 65_535)
  const first = records.sort((one, other) => one.priority - other.priority).slice(0, mostServers)
  return inOrder(first, random).map(({ target, port }) => ({ protocol, host: target.toLowerCase(), port }))
}

function addressesOf({ protocol, host, port }: Server, { abilities, read }: Search): readonly Hop[] {
  if (isNumeric(host)) return [{ protocol, host, port }]
  return abilities.families
    .flatMap((family) => read(family === 4 ? 'A' : 'AAAA', host).slice(0, mostRecords))
    .filter(isReachable)
    .map((address) => ({ protocol, host: address, port }))
}

const isNumeric = (host: string) => isIPv4(host) || isIPv6(host)

/** RFC 2782: a target "." says that there is no such service. */
const isName = (name: string) => name !== '' && name !== '.' && name.length <= 255

/** Addresses of nobody, and of many at once. */
function isReachable(address: string): boolean {
  if (isIPv4(address)) return !/^(0|22[4-9]|23\d|255)\./.test(address)
  return isIPv6(address) && address !== '::' && !/^ff/i.test(address)
}

const unique = (hops: readonly Hop[]) =>
  hops.filter(
    (hop, index) =>
      index ===
      hops.findIndex((one) => one.host === hop.host && one.port === hop.port && one.protocol === hop.protocol),
  )
