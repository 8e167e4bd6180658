/** The SIP side of SIMULATED people: a user agent at a UDP port of its own. */
import type { Log } from '#platform/log/log.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import type { Address, Runtime } from '#platform/runtime/runtime.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'

export type EndpointPorts = { readonly runtime: Runtime; readonly log: Log; readonly metrics: Metrics }

export type Endpoint = {
  readonly userAgent: UserAgent
  readonly local: Address
  /** At once and without a word to anybody. */
  close(): Promise<void>
}

export async function openEndpoint(ports: EndpointPorts, host: string, user: string): Promise<Endpoint> {
  const transport = new SipTransport(ports)
  const local = await transport.listenUdp({ host, port: 0 })
  const transactions = new TransactionLayer({ ...ports, transport })
  const options = { product: 'Ringmain-SIMULATED', contactUser: user, nextHop: hopOf }
  const userAgent = createUserAgent({ ...ports, transactions, transport }, options)
  return {
    userAgent,
    local,
    async close() {
      transactions.close()
      await transport.close()
    },
  }
}

/** The demo's proxies are known by numeric addresses; a name leads nowhere. */
function hopOf(uri: string): Hop | undefined {
  try {
    const { host, port } = parseURI(uri)
    return /^[\d.]+$/.test(host) ? { protocol: 'UDP', host, port: port === 0 ? 5060 : port } : undefined
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
