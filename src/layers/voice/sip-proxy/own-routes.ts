/**
 * The Record-Route values proxies of this cluster write, and how any of them reads them back (RFC 3261 §16.4, §16.6
 * item 4): a reachable URI with sealed `node` (where the call lives) and `flow` (where its endpoint is).
 */
import { parseNameAddr } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI, type URI, uriParameter } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { own } from '#protocols/sip/message/scan.ts'
import type { Addresses } from './addresses.ts'
import type { Seal } from './seal.ts'

export type RouteMarks = {
  readonly node?: string | undefined
  /** As `writeFlow` wrote it. */
  readonly flow?: string | undefined
}

/** What the Route values on top that name a proxy of ours say together. */
export type OwnRoutes = RouteMarks & {
  /** How many there are. */
  readonly count: number
  /** The first value below them. */
  readonly next: URI | undefined
  readonly forged: boolean
  /** Put there by a peer proxy for its flow: the request goes to the endpoint. */
  readonly outward: boolean
}

type Read = RouteMarks & { readonly own: boolean; readonly forged: boolean; readonly outward: boolean; uri: URI }

const none: OwnRoutes = { count: 0, next: undefined, forged: false, outward: false }
const maxCached = 8192
/** Characters; ours are far shorter, and strangers choose how long theirs are. */
const longestCached = 2048

export class RouteBook {
  private readonly seal: Seal
  private readonly addresses: Addresses
  /** Every message of a dialog repeats its values: reading each once saves the parser and the HMAC. */
  private readonly known = new Map<string, Read>()
  private version = 0

  constructor(seal: Seal, addresses: Addresses) {
    this.seal = seal
    this.addresses = addresses
  }

  /** A value for Record-Route, or for a Route to a peer proxy (`outward`). */
  write(uri: string, { node, flow }: RouteMarks, outward = false): string {
    const forNode = node === undefined ? '' : `;node=${this.seal.make('node', node)}`
    const forFlow = flow === undefined ? '' : `;flow=${this.seal.make('flow', flow)}`
    return `<${uri};lr${forNode}${forFlow}${outward ? ';outward' : ''}>`
  }

  /** Throws `MalformedMessage` where a Route cannot be read. */
  read(request: Message): OwnRoutes {
    if (request.cellOf('Route', 0) < 0) return none
    let found: OwnRoutes = none
    for (const value of request.headers('Route')) {
      const route = this.readValue(value)
      if (!route.own) return { ...found, next: route.uri }
      found = {
        count: found.count + 1,
        next: undefined,
        forged: found.forged || route.forged,
        outward: found.outward || route.outward,
        node: found.node ?? route.node,
        flow: found.flow ?? route.flow,
      }
    }
    return found
  }

  private readValue(value: string): Read {
    if (this.version !== this.addresses.version || this.known.size > maxCached) {
      this.known.clear()
      this.version = this.addresses.version
    }
    const known = this.known.get(value)
    if (known !== undefined) return known
    const read = this.parse(own(value))
    if (value.length <= longestCached) this.known.set(own(value), read)
    return read
  }

  private parse(value: string): Read {
    const uri = parseURI(parseNameAddr(value).uri)
    const node = uriParameter(uri, 'node')
    const flow = uriParameter(uri, 'flow')
    const openedNode = node === undefined ? undefined : this.seal.open('node', node)
    const openedFlow = flow === undefined ? undefined : this.seal.open('flow', flow)
    // What only we can have sealed names one of us, though that proxy may be gone and forgotten.
    const sealed = openedNode !== undefined || openedFlow !== undefined
    if (!sealed && !this.addresses.isProxy(uri)) return { own: false, forged: false, outward: false, uri }
    return {
      own: true,
      forged: (node !== undefined && openedNode === undefined) || (flow !== undefined && openedFlow === undefined),
      outward: uriParameter(uri, 'outward') !== undefined,
      uri,
      node: openedNode,
      flow: openedFlow,
    }
  }
}
