/** A SIP phone in a world: a real user agent over UDP that registers by digest, calls, and does as it is told when called. */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Address } from '#platform/runtime/runtime.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import { secretOf } from '#protocols/sip/core/digest.ts'
import { answerChallenge, type Identity } from '#protocols/sip/core/digest-client.ts'
import type {
  Body,
  Fields,
  IncomingSession,
  OutgoingSession,
  RequestOutcome,
  SessionUser,
} from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { World } from './world.ts'

export type PhoneOptions = {
  readonly user: string
  readonly password?: string
  readonly local: Address
  /** The proxy it speaks to. */
  readonly proxy: Address
}

/** What happened to a call of the phone, oldest first. */
export type PhoneCall = {
  readonly session: IncomingSession | OutgoingSession
  readonly incoming: IncomingSession | undefined
  readonly events: string[]
}

export const sdp = (host: string): Body => ({
  type: 'application/sdp',
  bytes: Buffer.from(
    [
      'v=0',
      `o=- 1 1 IN IP4 ${host}`,
      's=-',
      `c=IN IP4 ${host}`,
      't=0 0',
      'm=audio 4000 RTP/AVP 0',
      'a=sendrecv',
      '',
    ].join('\r\n'),
  ),
})

export class Phone {
  readonly user: string
  readonly calls: PhoneCall[] = []
  /** What it does with a call: rings, and then perhaps answers or rejects at once. */
  manner: 'ring' | 'answer' | 'reject' | 'silent' = 'ring'
  private readonly world: World
  private readonly userAgent: UserAgent
  private readonly identity: Identity
  private readonly options: PhoneOptions
  private registrations = 0

  private constructor(world: World, host: string, options: PhoneOptions, transport: SipTransport) {
    this.world = world
    this.options = options
    this.user = options.user
    const runtime = world.host(host)
    const common = { runtime, log: silentLog, metrics: noMetrics }
    const transactions = new TransactionLayer({ ...common, transport })
    const hop = { protocol: 'UDP' as const, ...options.proxy }
    this.userAgent = createUserAgent(
      { ...common, transactions, transport },
      { product: 'phone', contactUser: options.user, nextHop: () => hop },
    )
    this.userAgent.onInvite((incoming) => ({ user: this.called(incoming) }))
    this.userAgent.onRequest((_request, respond) => respond(200))
    const { user, password = 'demo' } = options
    this.identity = {
      username: user,
      realm: 'ringmain',
      secretOf: (algorithm) => secretOf(user, 'ringmain', password, algorithm),
    }
  }

  /** On the host of this name. */
  static async at(world: World, host: string, options: PhoneOptions): Promise<Phone> {
    const transport = new SipTransport({ runtime: world.host(host), log: silentLog, metrics: noMetrics })
    await world.complete(transport.listenUdp(options.local))
    return new Phone(world, host, options, transport)
  }

  /** Gives the status of the final answer. */
  register(expires = 60, user = this.user): Promise<number> {
    return this.world.complete(
      new Promise((resolve) => this.sendRegister(expires, user, [], 1, (outcome) => resolve(outcome.status))),
    )
  }

  call(number: string, fields: Fields = [], attempt = 1): PhoneCall {
    const requestURI = `sip:${number}@ringmain`
    const events: string[] = []
    const user = this.userOf(events)
    const invitation = { requestURI, from: this.address(this.user), to: `<${requestURI}>`, fields, body: this.sdp }
    const session = this.userAgent.invite(invitation, {
      ...user,
      failed: (event) => {
        const { response } = event
        const challenged = response && (event.status === 401 || event.status === 407)
        const request = { method: 'INVITE', uri: requestURI }
        const answer = challenged && answerChallenge(response, request, this.identity, this.random, attempt)
        if (answer) this.call(number, answer, attempt + 1)
        else events.push(`failed ${event.status}`)
      },
    })
    const call = { session, incoming: undefined, events }
    this.calls.push(call)
    return call
  }

  get last(): PhoneCall {
    const call = this.calls.at(-1)
    if (call === undefined) throw new Error(`phone ${this.user} has had no call`)
    return call
  }

  answer(): void {
    this.last.incoming?.accept(this.sdp)
  }

  counts() {
    return this.userAgent.counts()
  }

  private get sdp(): Body {
    return sdp(this.options.local.host)
  }
  private get random() {
    return this.world.random(`phone ${this.user}`)
  }

  private address(user: string): string {
    return `<sip:${user}@ringmain>`
  }

  private sendRegister(
    expires: number,
    user: string,
    fields: Fields,
    attempt: number,
    done: (outcome: RequestOutcome) => void,
  ): void {
    const { host, port } = this.options.local
    const requestURI = 'sip:ringmain'
    this.registrations += 1
    const contact = ['Contact', `<sip:${this.user}@${host}:${port}>;expires=${expires}`] as const
    const request = {
      method: 'REGISTER',
      requestURI,
      from: this.address(user),
      to: this.address(user),
      callID: `registration-of-${this.user}`,
      cseq: this.registrations,
      fields: [contact, ...fields],
    }
    this.userAgent.request(request, (outcome) => {
      const { response } = outcome
      const about = { method: 'REGISTER', uri: requestURI }
      const answer =
        response && outcome.status === 401
          ? answerChallenge(response, about, this.identity, this.random, attempt)
          : undefined
      if (answer) this.sendRegister(expires, user, answer, attempt + 1, done)
      else done(outcome)
    })
  }

  private called(incoming: IncomingSession): SessionUser {
    const events: string[] = ['called']
    this.calls.push({ session: incoming, incoming, events })
    if (this.manner === 'reject') incoming.reject(603)
    else if (this.manner !== 'silent') incoming.progress(180)
    if (this.manner === 'answer') incoming.accept(this.sdp)
    return this.userOf(events)
  }

  private userOf(events: string[]): SessionUser {
    return {
      progressed: ({ status }) => events.push(`progressed ${status}`),
      answered: ({ body, acknowledge }) => {
        events.push(`answered${body ? '' : ' without a body'}`)
        acknowledge?.(this.sdp)
      },
      cancelled: () => events.push('cancelled'),
      acknowledged: () => events.push('acknowledged'),
      offered: ({ accept }) => {
        events.push('offered')
        accept(this.sdp)
      },
      requested: ({ request, respond }) => {
        events.push(`requested ${request.method}`)
        respond(200)
      },
      ended: ({ cause }) => events.push(`ended ${cause}`),
    }
  }
}
