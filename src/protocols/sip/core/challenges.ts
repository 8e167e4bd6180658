/** Answers to the challenges that the requests of one session meet (RFC 3261 §22.2): the same request again, with credentials. */
import type { Random } from '#platform/runtime/runtime.ts'
import type { Body, Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import type { ClientUser } from '../transaction/transactions.ts'
import type { Hop } from '../transport/transport.ts'
import { answerChallenge, type Identity } from './digest-client.ts'

const none: Fields = []

export class Challenges {
  private readonly identity: Identity
  private readonly random: Random
  private credentials = none
  private count = 0

  constructor(identity: Identity, random: Random) {
    this.identity = identity
    this.random = random
  }

  /** Whether the request has a chance when it is sent again, with what `take` gives. */
  answered(response: Message, uri: string, body: Body | undefined): boolean {
    if (response.status !== 401 && response.status !== 407) return false
    this.count++
    const request = { method: response.method, uri, body: body?.bytes }
    const credentials = answerChallenge(response, request, this.identity, this.random, this.count)
    if (credentials === undefined) this.count = 0
    else this.credentials = credentials
    return credentials !== undefined
  }

  /** What goes into the next request; a request without begins anew to count. */
  take(): Fields {
    const { credentials } = this
    this.credentials = none
    if (credentials.length === 0) this.count = 0
    return credentials
  }
}

/** Hears of a request only what its challenge does not explain. */
export class Unchallenged implements ClientUser {
  private readonly user: ClientUser
  private readonly again: (response: Message) => boolean

  /** `again`: sends the request again, where it can. */
  constructor(user: ClientUser, again: (response: Message) => boolean) {
    this.user = user
    this.again = again
  }

  response(response: Message, from: Hop): void {
    if (response.status < 300 || !this.again(response)) this.user.response(response, from)
  }

  failed(cause: 'timeout' | 'transport'): void {
    this.user.failed(cause)
  }
}
