/**
 * The transaction layer (RFC 3261 §17): finds the transaction a message belongs to, or makes one, between a transport
 * and its one user.
 */
import type { Log } from '#platform/log/log.ts'
import type { Cell, Metrics } from '#platform/metrics/metrics.ts'
import type { Clock, Random, Runtime } from '#platform/runtime/runtime.ts'
import { RequestDraft } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Draft, Fields } from '../message/draft.ts'
import { bracketed } from '../message/headers/host.ts'
import type { Message } from '../message/message.ts'
import { responseHop, viaHop } from '../transport/response-hop.ts'
import { type Hop, isReliable, type SentBy, type Transport } from '../transport/transport.ts'
import { cancelOf } from './ack.ts'
import { type ClientEntry, ClientHandle, type ClientLayer } from './client.ts'
import { NonInviteClientTransaction } from './client-transaction.ts'
import { InviteClientTransaction } from './invite-client-transaction.ts'
import { InviteServerTransaction } from './invite-server-transaction.ts'
import { LargeRequests, largestDatagram } from './large-requests.ts'
import { Lingering } from './lingering.ts'
import { type ServerEntry, ServerHandle, type ServerLayer } from './server.ts'
import { NonInviteServerTransaction } from './server-transaction.ts'
import { defaultTiming, patience, type Timing } from './timers.ts'
import { isAnswered, isOf, keyOf, magicCookie, TransactionKeys } from './transaction-key.ts'
import { TransactionTable } from './transaction-table.ts'
import type { ClientTransaction, ClientUser, RequestOptions, Transactions, TransactionUser } from './transactions.ts'

export type TransactionLayerOptions = {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly transport: Transport
  readonly log: Log
  readonly metrics: Metrics
  readonly timing?: Timing
  /** Open transactions of each side; further requests are answered 503 and not sent. */
  readonly limit?: number
  /** Bytes of the largest request that goes over UDP. */
  readonly datagram?: number
}

/** A request as it would have gone were it smaller. */
type Otherwise = { readonly request: Message; readonly hop: Hop; readonly user: ClientUser }

/** Enough for 32 s of 4,000 calls a second. */
const defaultLimit = 400_000

export class TransactionLayer implements Transactions {
  private readonly clock: Clock
  private readonly random: Random
  private readonly transport: Transport
  private readonly limit: number
  private readonly large: LargeRequests
  private readonly clients = new TransactionTable<ClientEntry>()
  private readonly servers = new TransactionTable<ServerEntry>()
  private readonly keys: TransactionKeys
  private readonly clientLayer: ClientLayer
  private readonly serverLayer: ServerLayer
  private readonly lingering: Lingering
  private readonly lingeringT4: Lingering
  private readonly refused: Cell
  private user: TransactionUser | undefined
  private isClosed = false
  /** The Via up to its branch, for each of the transport's addresses. */
  private readonly vias = new WeakMap<SentBy, string>()

  constructor(options: TransactionLayerOptions) {
    const { runtime, transport, metrics, timing = defaultTiming } = options
    const { limit = defaultLimit, datagram = largestDatagram } = options
    const ask = (hop: Hop, answer: (takes: boolean) => void) => this.ask(hop, answer)
    this.large = new LargeRequests({ clock: runtime.clock, largest: datagram, ask })
    this.clock = runtime.clock
    this.random = runtime.random
    this.keys = new TransactionKeys(runtime.random)
    this.transport = transport
    this.limit = limit
    this.lingering = new Lingering(runtime.clock, patience(timing))
    this.lingeringT4 = new Lingering(runtime.clock, timing.T4)
    const { drive, refused } = measured(metrics, runtime.clock, this.clients, this.servers)
    this.refused = refused
    const owned = { ...drive, timing, lingering: this.lingering, lingeringT4: this.lingeringT4 }
    this.clientLayer = {
      ...owned,
      transmit: (message, hop, failed) => this.transport.send(message.bytes, hop, failed),
      cancel: (invite, hop, fields, unsent) => this.cancel(invite, hop, fields, unsent),
      forget: (entry) => this.clients.remove(entry),
    }
    this.serverLayer = {
      ...owned,
      reply: (response, hop, failed) => this.reply(response, hop, failed),
      acknowledged: (ack, from) => this.user?.acknowledged(ack, from),
      forget: (entry) => this.servers.remove(entry),
      tag: () => this.random.hex(5),
    }
    transport.receive((message, from) =>
      message.isRequest ? this.requested(message, from) : this.responded(message, from),
    )
  }

  get open(): { readonly client: number; readonly server: number } {
    return { client: this.clients.size, server: this.servers.size }
  }

  get closed(): boolean {
    return this.isClosed
  }

  use(user: TransactionUser): void {
    this.user = user
  }

  request(draft: Draft, hop: Hop, user: ClientUser, options: RequestOptions = {}): ClientTransaction {
    const branch = magicCookie + (options.branch ?? this.random.hex(8))
    const request = draft.finish(this.via(hop, branch, options.viaParameters))
    const instead = this.isClosed ? undefined : this.large.insteadOf(hop, request.bytes.length)
    if (instead === undefined) return this.begin(request, branch, hop, user)
    return this.beginLarge(draft.finish(this.via(instead, branch, options.viaParameters)), instead, {
      request,
      hop,
      user,
    })
  }

  send(draft: Draft, hop: Hop, branch = this.random.hex(8)): Message {
    const message = draft.finish(this.via(hop, magicCookie + branch))
    this.transport.send(message.bytes, hop)
    return message
  }

  resend(message: Message, hop: Hop): void {
    this.transport.send(message.bytes, hop)
  }

  sendResponse(response: Message, hop: Hop | undefined = viaHop(response)): void {
    if (hop !== undefined) this.transport.send(response.bytes, hop)
  }

  close(): void {
    this.isClosed = true
    this.user = undefined
    for (const entry of this.clients.entries()) entry.stop()
    for (const entry of this.servers.entries()) entry.stop()
    this.lingering.clear()
    this.lingeringT4.clear()
    this.clients.clear()
    this.servers.clear()
  }

  private begin(request: Message, branch: string, hop: Hop, user: ClientUser): ClientHandle {
    const key = this.keys.ofBranch(branch)
    const layer = this.clientLayer
    const entry =
      request.method === 'INVITE'
        ? new InviteClientTransaction(layer, key, request, hop, user)
        : new NonInviteClientTransaction(layer, key, request, hop, user)
    const isFull = this.clients.size >= this.limit
    if (isFull) this.refused.inc()
    if (isFull || this.isClosed) this.clock.turn(() => entry.unsent())
    else {
      this.clients.add(entry)
      entry.begin()
    }
    return new ClientHandle(request, branch, hop, entry, layer)
  }

  /** §18.1.1: where no connection can be made, the request goes as it would have otherwise. */
  private beginLarge(large: Message, instead: Hop, { request, hop, user }: Otherwise): ClientTransaction {
    const { branch } = request
    const handle = this.begin(large, branch, instead, {
      response: (response, from) => user.response(response, from),
      failed: (cause) => {
        if (cause === 'timeout') return user.failed(cause)
        this.large.refused(hop)
        // This transaction has to be gone before the next one has its branch.
        this.clock.turn(() => {
          if (!this.isClosed) handle.goOn(this.begin(request, branch, hop, user))
        })
      },
    })
    return handle
  }

  /** Whether somebody answers at this hop: OPTIONS outside of everything. */
  private ask(hop: Hop, answer: (answers: boolean) => void) {
    const { random } = this
    const at = (host: string) => `<sip:${bracketed(host)}>`
    const branch = magicCookie + random.hex(8)
    const request = new RequestDraft({
      method: 'OPTIONS',
      requestURI: `sip:${bracketed(hop.host)}:${hop.port}`,
      from: `${at(this.transport.sentBy(hop).host)};tag=${random.hex(5)}`,
      to: at(hop.host),
      callID: random.hex(12),
      cseq: 1,
    }).finish(this.via(hop, branch))
    this.begin(request, branch, hop, { response: () => answer(true), failed: () => answer(false) })
  }

  private cancel(invite: Message, hop: Hop, fields: Fields, unsent: () => void) {
    const request = cancelOf(invite, fields).finish(invite.header('Via'))
    const failed = (cause: 'timeout' | 'transport') => cause === 'transport' && unsent()
    // Its own answer means nothing: the INVITE's final response is what counts (§9.1).
    this.begin(request, invite.branch, hop, { response() {}, failed })
  }

  private responded(response: Message, from: Hop) {
    let entry = this.clients.first(this.keys.hashOfResponse(response))
    while (entry !== undefined && !isAnswered(entry, response)) entry = entry.alike
    if (entry === undefined) this.user?.stray?.(response, from)
    else entry.respond(response, from)
  }

  private requested(request: Message, from: Hop) {
    const hash = this.keys.hashOfRequest(request)
    if (request.method === 'ACK') {
      const entry = this.served(hash, request, 'INVITE')
      if (entry instanceof InviteServerTransaction) entry.acknowledge(request, from)
      else this.user?.acknowledged(request, from)
      return
    }
    const known = this.served(hash, request, request.method)
    if (known !== undefined) known.repeated()
    else if (this.servers.size >= this.limit) this.refuse(request, from)
    else this.serve(request, from, hash)
  }

  /** The transaction of this request, or with INVITE that which its ACK or CANCEL is for. */
  private served(hash: number, request: Message, method: string): ServerEntry | undefined {
    let entry = this.servers.first(hash)
    while (entry !== undefined && !isOf(entry, request, method)) entry = entry.alike
    return entry
  }

  private serve(request: Message, from: Hop, hash: number) {
    const hop = responseHop(request, from)
    const key = keyOf(request, hash)
    const entry =
      request.method === 'INVITE'
        ? new InviteServerTransaction(this.serverLayer, key, request, from, hop)
        : new NonInviteServerTransaction(this.serverLayer, key, request, from, hop)
    this.servers.add(entry)
    const transaction = new ServerHandle(request, from, entry, this.serverLayer)
    const invite = request.method === 'CANCEL' ? this.served(hash, request, 'INVITE') : undefined
    if (invite === undefined) this.user?.request(transaction, request)
    else this.cancelled(invite, entry, transaction)
    entry.begin()
  }

  /** §9.2: the CANCEL is answered 200 whatever comes of it, with the tag its INVITE has. */
  private cancelled(invite: ServerEntry, entry: ServerEntry, cancel: ServerHandle) {
    if (invite.toTag === '') invite.toTag = this.serverLayer.tag()
    entry.toTag = invite.toTag
    cancel.respond(200)
    if (!invite.answered) invite.user.cancelled?.(cancel.request)
  }

  /** Without Retry-After on an INVITE: it would make a carrier stop sending altogether. */
  private refuse(request: Message, from: Hop) {
    this.refused.inc()
    const fields: Fields = request.method === 'REGISTER' ? [['Retry-After', '5']] : []
    const response = buildResponse(request, 503, { toTag: this.serverLayer.tag(), fields })
    this.transport.send(response.bytes, responseHop(request, from))
  }

  /** §18.2.2: where the connection has gone, to the address of the Via. */
  private reply(response: Message, hop: Hop, failed: () => void) {
    if (!isReliable(hop)) this.transport.send(response.bytes, hop, failed)
    else this.transport.send(response.bytes, hop, () => this.replyByVia(response, failed))
  }

  private replyByVia(response: Message, failed: () => void) {
    const hop = viaHop(response)
    if (hop === undefined) failed()
    else this.transport.send(response.bytes, hop, failed)
  }

  private via(hop: Hop, branch: string, parameters = ''): string {
    const sentBy = this.transport.sentBy(hop)
    let via = this.vias.get(sentBy)
    if (via === undefined) {
      const { protocol, host, port } = sentBy
      via = `SIP/2.0/${protocol} ${bracketed(host)}${port === 0 ? '' : `:${port}`};rport;branch=`
      this.vias.set(sentBy, via)
    }
    return via + branch + parameters
  }
}

/** The figures of a layer. */
function measured(
  metrics: Metrics,
  clock: Clock,
  clients: { readonly size: number },
  servers: { readonly size: number },
) {
  const unexpected = metrics.counter('sip_transaction_unexpected_total', 'Inputs that have no meaning in a state', [
    'machine',
    'state',
    'input',
  ])
  metrics.gauge<'side'>('sip_transactions', 'Open transactions', () => [
    { labels: { side: 'client' }, value: clients.size },
    { labels: { side: 'server' }, value: servers.size },
  ])
  const refused = metrics.counter('sip_transactions_refused_total', 'Requests beyond the limit of transactions').of({})
  return {
    refused,
    drive: {
      clock,
      unexpected: (machine: string, state: string, input: string) => unexpected.of({ machine, state, input }).inc(),
    },
  }
}
