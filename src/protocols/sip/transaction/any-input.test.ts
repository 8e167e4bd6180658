import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { World } from '#simulation/world.ts'
import { RequestDraft } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { SipTransport } from '../transport/sip-transport.ts'
import type { Hop } from '../transport/transport.ts'
import { TransactionLayer } from './layer.ts'
import type { ClientTransaction, ServerTransaction } from './transactions.ts'

const ours = { host: '127.0.0.1', port: 5060 }
const theirs = { host: '127.0.0.2', port: 5060 }

/** One thing that happens: to us from the other side, by our own user, or nothing for a while. */
type Step = readonly [
  what: 'asks' | 'answers' | 'requests' | 'responds' | 'gives up' | 'waits',
  n: number,
  status: number,
]

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('asks', 'answers', 'requests', 'responds', 'gives up', 'waits'),
  fc.nat({ max: 5 }),
  fc.constantFrom(100, 180, 183, 200, 202, 302, 404, 486, 503, 603),
)
const methods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REGISTER']
const parts = { requestURI: 'sip:b@127.0.0.1', from: '<sip:a@x>;tag=1', to: '<sip:b@x>', callID: 'c', cseq: 1 }
const draft = (method: string, n: number) => new RequestDraft({ ...parts, method, callID: `call-${n}` })

/** RFC 5626 §3.5.1. */
const ping = '\r\n\r\n'

/** Our layer and its user, and a peer without any rule. */
class Exchange {
  readonly world: World
  readonly layer: TransactionLayer
  private readonly transport: SipTransport
  readonly heard: string[] = []
  private readonly send: (bytes: Buffer) => void
  private readonly came: Message[]
  private readonly servers: ServerTransaction[] = []
  private readonly clients: ClientTransaction[] = []
  private readonly hop: Hop

  private constructor(
    world: World,
    transport: SipTransport,
    layer: TransactionLayer,
    send: (bytes: Buffer) => void,
    came: Message[],
    hop: Hop,
  ) {
    this.world = world
    this.transport = transport
    this.layer = layer
    this.send = send
    this.came = came
    this.hop = hop
    layer.use({
      request: (transaction) => {
        this.servers.push(transaction)
        transaction.use({ failed: (cause) => this.heard.push(`server ${cause}`) })
      },
      acknowledged: () => {},
    })
  }

  static async over(protocol: 'UDP' | 'TCP'): Promise<Exchange> {
    const world = new World()
    const runtime = world.host('us')
    const transport = new SipTransport({ runtime, log: silentLog, metrics: noMetrics })
    await world.complete(transport.listenBoth(ours))
    const layer = new TransactionLayer({ runtime, transport, log: silentLog, metrics: noMetrics })
    const came: Message[] = []
    const take = (bytes: Buffer) => {
      if (bytes.toString() !== ping) came.push(parseMessage(bytes))
    }
    const { net } = world.host('them')
    if (protocol === 'UDP') {
      const port = await world.complete(net.udp(theirs, take))
      return new Exchange(world, transport, layer, (bytes) => port.send(bytes, ours), came, { protocol, ...theirs })
    }
    // What we send over TCP begins a message, or is a ping, with each write.
    await world.complete(net.listen(theirs, (accepted) => accepted.receive(take, () => {})))
    const connection = await world.complete(net.connect(ours))
    connection.receive(take, () => {})
    return new Exchange(world, transport, layer, (bytes) => connection.write(bytes), came, { protocol, ...theirs })
  }

  async take([what, n, status]: Step): Promise<void> {
    const method = methods[n] ?? 'INVITE'
    if (what === 'waits') await this.world.run(10 ** n)
    else if (what === 'asks') this.send(this.asked(method, status % 3))
    else if (what === 'answers') this.answer(n, status)
    else if (what === 'requests') this.request(method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method, n)
    else if (what === 'responds') this.servers.at(-1 - n)?.respond(status)
    else this.giveUp(n)
    await this.world.run(5)
  }

  /** Nobody does anything more: what waits for its user is answered, what waits for the peer is cancelled. */
  async end(): Promise<void> {
    for (const server of this.servers) if (!server.answered) server.respond(500)
    for (const client of this.clients) client.cancel()
    // 64·T1 for the answer to the INVITE, once more for that to its CANCEL, and what is remembered of it.
    await this.world.run(200_000)
    for (const client of this.clients) client.abandon()
    await this.world.complete(this.transport.close())
    // The network's own, for connections that are closing.
    await this.world.run(20_000)
  }

  private asked(method: string, n: number): Buffer {
    const via = `SIP/2.0/${this.hop.protocol} ${theirs.host}:${theirs.port};branch=z9hG4bK${n}`
    return draft(method, n).finish(via).bytes
  }

  private answer(n: number, status: number) {
    const request = this.came.filter(({ isRequest }) => isRequest).at(-1 - n)
    if (request !== undefined) this.send(buildResponse(request, status, { toTag: 't' }).bytes)
  }

  private request(method: string, n: number) {
    const user = { response: () => {}, failed: (cause: string) => void this.heard.push(cause) }
    this.clients.push(this.layer.request(draft(method, n), this.hop, user))
  }

  private giveUp(n: number) {
    const client = this.clients.at(-1 - n)
    if (n % 2 === 0) client?.cancel()
    else client?.abandon()
    this.servers.at(-1 - n)?.giveUp()
  }
}

describe.each(['UDP', 'TCP'] as const)('transactions over %s', (protocol) => {
  it('end, whatever comes in whatever order: none is left, and no timer (RFC 3261 §17)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const exchange = await Exchange.over(protocol)

        for (const one of steps) await exchange.take(one)
        await exchange.end()

        expect(exchange.layer.open).toEqual({ client: 0, server: 0 })
        expect(exchange.world.idle).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
