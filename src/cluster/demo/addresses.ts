/** Where the demo listens: blocks of ports that `--sip`, `--http`, `--tlib` and `--rtp` shift as wholes. */
import { ClusterError } from '#platform/errors.ts'

export type DemoPorts = {
  readonly http: number
  readonly sip: number
  readonly tlib: number
  readonly rtp: number
  readonly carrier: number
}

export const defaultPorts: DemoPorts = { http: 8080, sip: 5060, tlib: 7001, rtp: 20_000, carrier: 6060 }

export type DataCentreAddresses = {
  readonly dc: string
  readonly node: string
  /** The node's number in its ConnIDs. */
  readonly number: number
  /** At which its proxies take SIP and its media server RTP: loopback of IPv4, and of IPv6 where that is wanted. */
  readonly hosts: readonly string[]
  readonly http: number
  /** UDP and TCP; TLS, WebSocket and secure WebSocket are at the next three ports of each. */
  readonly proxies: readonly { readonly name: string; readonly port: number }[]
  readonly tlib: { readonly sessionController: number; readonly tController: number; readonly interactionProxy: number }
  readonly rtp: { readonly first: number; readonly last: number }
}

/** Option values whose ports collide, or that are no ports. */
export class BadPorts extends ClusterError {
  constructor(message: string) {
    super('BAD_PORTS', message)
  }
}

type Block = {
  readonly option: string
  readonly first: number
  readonly last: number
  readonly udp: boolean
  readonly tcp: boolean
}

const rtpPorts = 10_000

const blocks = ({ http, sip, tlib, rtp, carrier }: DemoPorts): Block[] => [
  { option: '--http', first: http, last: http + 1, udp: false, tcp: true },
  { option: '--sip', first: sip, last: sip + 33, udp: true, tcp: true },
  { option: '--tlib', first: tlib, last: tlib + 12, udp: false, tcp: true },
  { option: '--rtp', first: rtp, last: rtp + rtpPorts - 1, udp: true, tcp: false },
  { option: '--carrier', first: carrier, last: carrier, udp: true, tcp: true },
]

/** `ipv6`: at ::1, too. Throws `BadPorts`, naming the options that are in each other's way. */
export function demoAddresses(ports: DemoPorts, ipv6 = false): readonly [DataCentreAddresses, DataCentreAddresses] {
  const all = blocks(ports)
  for (const [index, block] of all.entries()) {
    if (block.first < 1 || block.last > 65_535)
      throw new BadPorts(`${block.option} ${block.first} needs the ports up to ${block.last}: they end at 65535`)
    for (const other of all.slice(index + 1)) refuseOverlap(block, other)
  }
  const hosts = ['127.0.0.1', ...(ipv6 ? ['::1'] : [])]
  return [dataCentre(ports, hosts, 1), dataCentre(ports, hosts, 2)]
}

/** The option that moves a port; none where it is none of the demo's. */
export const optionOf = (ports: DemoPorts, port: number): string | undefined =>
  blocks(ports).find(({ first, last }) => first <= port && port <= last)?.option

function refuseOverlap(one: Block, other: Block): void {
  const shared = (one.udp && other.udp) || (one.tcp && other.tcp)
  if (!shared || one.last < other.first || other.last < one.first) return
  throw new BadPorts(
    `${one.option} takes ports ${one.first}-${one.last} and ${other.option} ${other.first}-${other.last}: move one of them`,
  )
}

function dataCentre({ http, sip, tlib, rtp }: DemoPorts, hosts: readonly string[], number: 1 | 2): DataCentreAddresses {
  const index = number - 1
  const half = rtpPorts / 2
  const sipAt = sip + 20 * index
  const tlibAt = tlib + 10 * index
  return {
    dc: `dc${number}`,
    node: `node${number}`,
    number,
    hosts,
    http: http + index,
    proxies: [
      { name: `proxy${2 * index + 1}`, port: sipAt },
      { name: `proxy${2 * index + 2}`, port: sipAt + 10 },
    ],
    tlib: { sessionController: tlibAt, tController: tlibAt + 1, interactionProxy: tlibAt + 2 },
    rtp: { first: rtp + half * index, last: rtp + half * (index + 1) - 1 },
  }
}
