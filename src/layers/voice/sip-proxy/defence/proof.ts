/**
 * What shows that whoever sends a datagram hears what is sent to the address in it: he repeats what only that address
 * was told. Challenges carry a token of ours (`opaque`, which RFC 7616 §3.4 has everybody return), Record-Route the
 * flow that a dialog began with. Nothing is kept for it, and any proxy of the cluster knows it.
 */

import { networkOf } from '#platform/numeric-address.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import { edit } from '#protocols/sip/message/edit.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { readFlow } from '../flow.ts'
import type { RouteBook } from '../own-routes.ts'
import type { Seal } from '../seal.ts'

const purpose = 'heard'
/** ms: a token is good on the day it was given and the next one. */
const day = 86_400_000
const challenges = ['WWW-Authenticate', 'Proxy-Authenticate'] as const
const credentials = ['Authorization', 'Proxy-Authorization'] as const

export type ProofOptions = {
  readonly clock: Clock
  readonly seal: Seal
  readonly routes: Pick<RouteBook, 'read'>
}

export class Proof {
  private readonly options: ProofOptions

  constructor(options: ProofOptions) {
    this.options = options
  }

  /** The challenge with the token of whom it goes to. */
  marked(response: Message, { host }: Hop): Message {
    const copy = edit(response)
    const token = this.options.seal.make(purpose, tokenText(host, this.today))
    for (const name of challenges) {
      const values = response.headers(name)
      if (values.some((value) => opaque.test(value))) return response
      copy.remove(name)
      for (const value of values) copy.add(name, `${value}, opaque="${token}"`)
    }
    return copy.finish()
  }

  /** Whether what a request repeats was told to its address. */
  shows(request: Message, { host }: Hop): boolean {
    return request.toTag === '' ? this.showsToken(request, host) : this.showsFlow(request, host)
  }

  private showsToken(request: Message, host: string): boolean {
    const { today } = this
    for (const name of credentials)
      for (const value of request.headers(name)) {
        const told = this.options.seal.open(purpose, opaque.exec(value)?.[1] ?? '')
        if (told === tokenText(host, today) || told === tokenText(host, today - 1)) return true
      }
    return false
  }

  private showsFlow(request: Message, host: string): boolean {
    try {
      const { flow } = this.options.routes.read(request)
      return flow !== undefined && readFlow(flow)?.hop.host === host
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      return false
    }
  }

  private get today(): number {
    return Math.floor(this.options.clock.wall() / day)
  }
}

const tokenText = (host: string, onDay: number) => `${networkOf(host)} ${onDay.toString(36)}`
const opaque = /[\s,]opaque\s*=\s*"?([\w-]+)/i
