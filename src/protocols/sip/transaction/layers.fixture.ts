/** Two transaction layers on a network, what their users hear, and peers that are bytes alone. */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime, UdpPort } from '#platform/runtime/runtime.ts'
import { RequestDraft } from '../message/build-request.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { SipTransport } from '../transport/sip-transport.ts'
import type { Hop } from '../transport/transport.ts'
import { TransactionLayer } from './layer.ts'
import type { ClientUser, ServerTransaction } from './transactions.ts'

/** Of the simulated world, without importing it. */
type World = {
  host(name: string): Runtime
  complete<T>(promise: Promise<T>): Promise<T>
}

export const serverHop: Hop = { protocol: 'UDP', host: '127.0.0.2', port: 5060 }

const parts = (method: string, callID = 'call-1') => ({
  method,
  requestURI: 'sip:1002@127.0.0.2',
  from: '<sip:1001@127.0.0.1>;tag=a',
  to: '<sip:1002@127.0.0.2>',
  callID,
  cseq: 1,
})
export const draft = (method: string, callID?: string) => new RequestDraft(parts(method, callID))

/** What a client user heard, in words. */
export function recorder() {
  const heard: string[] = []
  const responses: Message[] = []
  const user: ClientUser = {
    response(response) {
      heard.push(String(response.status))
      responses.push(response)
    },
    failed: (cause) => heard.push(cause),
  }
  return { heard, responses, user }
}

/** Larger than a datagram may be. */
export const large = (method: string) =>
  new RequestDraft({ ...parts(method), body: { type: 'text/plain', bytes: Buffer.alloc(1200, 'x') } })

export async function side(world: World, name: string, host: string, limit?: number) {
  const runtime = world.host(name)
  const transport = new SipTransport({ runtime, log: silentLog, metrics: noMetrics })
  await world.complete(transport.listenUdp({ host, port: 5060 }))
  await world.complete(transport.listen('TCP', { host, port: 5060 }))
  const layer = new TransactionLayer({
    runtime,
    transport,
    log: silentLog,
    metrics: noMetrics,
    ...(limit ? { limit } : {}),
  })
  const requests: { transaction: ServerTransaction; request: Message }[] = []
  const acks: Message[] = []
  const strays: Message[] = []
  const cancels: Message[] = []
  layer.use({
    request(transaction, request) {
      transaction.use({ cancelled: (cancel) => cancels.push(cancel) })
      requests.push({ transaction, request })
    },
    acknowledged: (ack) => acks.push(ack),
    stray: (response) => strays.push(response),
  })
  return { runtime, transport, layer, requests, acks, strays, cancels }
}

export async function pair<W extends World>(world: W) {
  const client = await side(world, 'client', '127.0.0.1')
  const server = await side(world, 'server', '127.0.0.2')
  return { world, client, server }
}

/** A peer that is bytes alone. */
export async function rawPeer(world: World, host = '127.0.0.3') {
  const got: Message[] = []
  let port: UdpPort | undefined
  port = await world.complete(world.host('raw').net.udp({ host, port: 5060 }, (bytes) => got.push(parseMessage(bytes))))
  const send = (text: string) =>
    port?.send(Buffer.from(text.replaceAll('\n', '\r\n')), { host: '127.0.0.2', port: 5060 })
  return { got, send }
}

export const none = { client: 0, server: 0 }
