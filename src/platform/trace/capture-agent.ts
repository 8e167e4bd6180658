/**
 * Tells a capture server (Homer and its like) by HEP3 over UDP of the SIP messages that are traced, secrets masked.
 * Datagrams are sent and forgotten: a server that is lost, slow or none costs no more than one that listens.
 */
import type { Log } from '../log/log.ts'
import type { Address, Runtime, UdpPort } from '../runtime/runtime.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { hepDatagram } from './hep.ts'
import { type Masking, masked } from './mask.ts'

export type CaptureServer = {
  /** `192.0.2.9:9060` or `[2001:db8::9]:9060`. */
  readonly address: string
  /** By which it tells its agents apart. */
  readonly agent: number
}

export type CaptureAgentOptions = {
  readonly runtime: Pick<Runtime, 'net'>
  readonly log: Log
  readonly masking: () => Masking
}

type Sending = { readonly port: UdpPort; readonly to: Address; readonly agent: number }

const mostEndpoints = 4096

export class CaptureAgent {
  private readonly options: CaptureAgentOptions
  private server: CaptureServer | undefined
  private sending: Sending | undefined
  private changing: Promise<void> = Promise.resolve()
  /** Phones repeat. */
  private endpoints = new Map<string, Endpoint>()

  constructor(options: CaptureAgentOptions) {
    this.options = options
  }

  /** From now on this server is told, or none. */
  use(server: CaptureServer | undefined): Promise<void> {
    this.changing = this.changing.then(() => this.change(server))
    return this.changing
  }

  /** What has no addresses, as it passed on a link, is not told. */
  message(at: number, from: string, to: string, bytes: Buffer): void {
    if (this.sending === undefined) return
    const source = this.endpoint(from)
    const destination = this.endpoint(to)
    if (source === undefined || destination === undefined || source.bytes.length !== destination.bytes.length) return
    const text = masked(bytes.toString('latin1'), this.options.masking())
    const { port, to: server, agent } = this.sending
    const reliable = isReliable(text)
    const message = Buffer.from(text, 'latin1')
    port.send(hepDatagram({ from: source, to: destination, reliable, at, agent, message }), server)
  }

  private async change(server: CaptureServer | undefined): Promise<void> {
    const { address, agent } = server ?? {}
    if (address === this.server?.address && agent === this.server?.agent) return
    this.server = server
    const before = this.sending
    this.sending = undefined
    await before?.port.close()
    if (server !== undefined) this.sending = await this.open(server)
  }

  private async open({ address, agent }: CaptureServer): Promise<Sending | undefined> {
    const { runtime, log } = this.options
    const { host, port } = addressOf(address)
    try {
      const local = { host: host.includes(':') ? '::' : '0.0.0.0', port: 0 }
      return { port: await runtime.net.udp(local, () => {}), to: { host, port }, agent }
    } catch (error) {
      log.error({ address, error: String(error) }, 'the capture server is not told: no UDP port')
      return undefined
    }
  }

  private endpoint(end: string): Endpoint | undefined {
    const known = this.endpoints.get(end)
    if (known !== undefined) return known
    const address = end.slice(end.indexOf(' ') + 1)
    if (!hasPort.test(address)) return undefined
    if (this.endpoints.size >= mostEndpoints) this.endpoints.clear()
    const endpoint = endpointOf(address)
    this.endpoints.set(end, endpoint)
    return endpoint
  }
}

const hasPort = /:\d+$/

function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

/** The topmost Via names the transport that carries a message, a response likewise (RFC 3261 §18.2.2). */
function isReliable(text: string): boolean {
  const via = text.indexOf('SIP/2.0/')
  return !text.startsWith('UDP', via + 'SIP/2.0/'.length)
}
