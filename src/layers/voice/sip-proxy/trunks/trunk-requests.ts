/**
 * Requests of a proxy itself to the servers of a trunk: OPTIONS, REGISTER. The Route values, else the Request-URI, say
 * where they go and are not sent; of the servers they name the next is asked when one does not answer (RFC 3263 §4.3).
 */
import type { Clock, Random } from '#platform/runtime/runtime.ts'
import type { Locator } from '#protocols/sip/core/locating/locator.ts'
import { outcomeOf, statusOf, unanswered } from '#protocols/sip/core/request-outcome.ts'
import type { RequestOutcome } from '#protocols/sip/core/session.ts'
import type { OutgoingRequest, UserAgent } from '#protocols/sip/core/user-agent.ts'
import { buildRequest } from '#protocols/sip/message/build-request.ts'
import { parseNameAddr } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Transactions } from '#protocols/sip/transaction/transactions.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { hopOf } from '../../model/uri-hop.ts'

export type TrunkRequestsOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly transactions: Transactions
  readonly servers: Pick<Locator, 'look' | 'avoid'>
  /** Told which servers a host stands for now; not where the DNS cannot say. */
  located(host: string, hops: readonly Hop[]): void
}

/** ms a server has to answer while there is another one; of several that are asked whether they are there, the last, too. */
const patience = 2_000

export class TrunkRequests implements Pick<UserAgent, 'request'> {
  private readonly options: TrunkRequestsOptions

  constructor(options: TrunkRequestsOptions) {
    this.options = options
  }

  request(request: OutgoingRequest, done: (outcome: RequestOutcome) => void): void {
    const named = (request.route ?? []).map((route) => parseNameAddr(route).uri)
    this.locateAll(named.length > 0 ? named : [request.requestURI], (hops, fault) => {
      const isOneOfSeveral = named.length > 1 || hops.length > 1
      const last = request.method === 'OPTIONS' && isOneOfSeveral ? patience : undefined
      if (hops.length > 0) this.send(this.parts(request), hops, last, done)
      else done({ status: 503, reason: fault, response: undefined })
    })
  }

  /** Which servers a URI stands for now; none where the DNS cannot say, and why. */
  locate(text: string, found: (hops: readonly Hop[], fault: string) => void): void {
    const uri = parseURI(text)
    const numeric = hopOf(uri)
    const named = (hops: readonly Hop[], fault: string) => {
      if (hops.length > 0) this.options.located(`${uri.host}:${uri.port}`, hops)
      found(hops, `${uri.host}: ${fault}`)
    }
    if (numeric === undefined) this.options.servers.look(uri, named)
    else named([numeric], '')
  }

  /** All at once, and their servers in this order; where none is found, why not the first. */
  private locateAll(texts: readonly string[], found: (hops: readonly Hop[], fault: string) => void) {
    const all = new Map<number, { readonly hops: readonly Hop[]; readonly fault: string }>()
    for (const [index, text] of texts.entries())
      this.locate(text, (hops, fault) => {
        all.set(index, { hops, fault })
        if (all.size < texts.length) return
        const inOrder = texts.flatMap((_, at) => all.get(at)?.hops ?? [])
        found(inOrder, all.get(0)?.fault ?? '')
      })
  }

  private parts({ method, requestURI, from, to, callID, cseq = 1, fields = [] }: OutgoingRequest) {
    const { random } = this.options
    const tagged = `${from};tag=${random.hex(5)}`
    const named = [...fields, ['User-Agent', 'Ringmain']] as const
    return { method, requestURI, from: tagged, to, callID: callID ?? random.hex(12), cseq, fields: named }
  }

  /** `last`: ms that the last of them has to answer, where not as long as any transaction (timer F). */
  private send(
    parts: Parameters<typeof buildRequest>[0],
    hops: readonly Hop[],
    last: number | undefined,
    done: (outcome: RequestOutcome) => void,
  ) {
    const { clock, transactions, servers } = this.options
    const [hop, ...others] = hops
    if (hop === undefined) return
    let over = false
    const settle = (outcome: RequestOutcome) => {
      if (over) return
      over = true
      limit?.cancel()
      if (outcome.response !== undefined && outcome.status !== 503) return done(outcome)
      servers.avoid(hop)
      if (others.length > 0) this.send(parts, others, last, done)
      else done(outcome)
    }
    const user = {
      response: (response: Message) => response.status >= 200 && settle(outcomeOf(response)),
      failed: (cause: 'timeout' | 'transport') => settle(unanswered(statusOf(cause))),
    }
    const transaction = transactions.request(buildRequest(parts), hop, user)
    const wait = others.length > 0 ? patience : last
    const limit =
      wait === undefined
        ? undefined
        : clock.after(wait, () => {
            transaction.abandon()
            settle(unanswered(408))
          })
  }
}
