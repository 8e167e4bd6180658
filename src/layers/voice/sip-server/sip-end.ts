/** The SIP side of a node: links to the proxies, transactions and the user agent over them, and what it answers itself. */
import type { Context } from '#platform/component/component.ts'
import type { Hello } from '#platform/link/link.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Trace } from '#platform/trace/trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import { DigestVerifier } from '#protocols/sip/core/digest-verifier.ts'
import type { Register } from '#protocols/sip/core/registrar.ts'
import type { Respond, UserAgent } from '#protocols/sip/core/user-agent.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { KeptSipLinks } from '../model/kept-sip-links.ts'
import { traced } from '../model/traced-transport.ts'
import type { Config } from './config.ts'
import type { Authenticator } from './session-controller/ports.ts'
import { callAuthenticator } from './sip/call-authenticator.ts'
import { type Answer, Registrar } from './sip/registrar.ts'
import { usualAlgorithm } from './sip/secret.ts'

export type SipEndOptions = {
  readonly context: Context<Config>
  readonly configuration: ConfigurationSource
  readonly trace: Trace
  readonly links: LocalLinks | undefined
  readonly hello: Hello
  /** Whether new calls may come. */
  readonly takesCalls: () => boolean
  readonly registered: (dn: string, register: Register, lifetime: number) => void
  /** NOTIFY outside dialogs. */
  readonly notified: (request: Message) => Answer
  readonly changed: () => void
}

export class SipEnd {
  readonly userAgent: UserAgent
  readonly authenticator: Authenticator
  readonly proxies: KeptSipLinks
  private readonly options: SipEndOptions
  private readonly transport: SipTransport
  private readonly transactions: TransactionLayer
  private readonly registrar: Registrar

  constructor(options: SipEndOptions) {
    this.options = options
    const { context, configuration, trace, links, hello, registered, changed } = options
    const { runtime, log, metrics, config } = context
    this.transport = new SipTransport({ runtime, log, metrics })
    const sentBy = { host: hello.name, port: 0 }
    this.proxies = new KeptSipLinks({ runtime, log, hello, links, transport: this.transport, sentBy, changed })
    const transport = traced(this.transport, { trace, self: hello.name, tells: 'links' })
    this.transactions = new TransactionLayer({ runtime, transport, log, metrics, limit: config.limits.transactions })
    this.userAgent = createUserAgent(
      { runtime, log, metrics, transactions: this.transactions, transport },
      {
        product: 'Ringmain',
        contactHost: hello.name,
        nextHop: (uri) => this.proxies.nextHop(uri),
        methods: ['REGISTER', 'SUBSCRIBE'],
        supported: ['replaces'],
        sessionTimer: config.sessionTimer,
      },
    )
    this.userAgent.onRequest((request, respond) => this.answer(request, respond))
    const current = () => configuration.current()
    const verifier = this.verifier(current)
    this.authenticator = callAuthenticator(verifier, current)
    this.registrar = new Registrar({ verifier, configuration: current, registered })
  }

  async close(): Promise<void> {
    this.proxies.close()
    this.transactions.close()
    await this.transport.close()
  }

  private verifier(current: () => Configuration): DigestVerifier {
    const { runtime, config } = this.options.context
    const { realm } = current().settings
    const algorithm = () => usualAlgorithm(current())
    const key = config.digestKey === undefined ? runtime.random.bytes(32) : Buffer.from(config.digestKey)
    const issuer = this.options.hello.name.replaceAll(/[^0-9A-Za-z-]/g, '-')
    return new DigestVerifier({ realm, issuer, key, algorithm, wall: () => runtime.clock.wall() })
  }

  /** Outside of dialogs. A proxy asks by OPTIONS whether new calls may come. */
  private answer(request: Message, respond: Respond) {
    if (request.method === 'OPTIONS') return respond(this.options.takesCalls() ? 200 : 503)
    const { status, reason, fields } = this.answerOf(request)
    respond(status, reason, fields)
  }

  private answerOf(request: Message): Answer {
    if (request.method === 'NOTIFY') return this.options.notified(request)
    return request.method === 'REGISTER' ? this.registrar.answer(request) : { status: 405 }
  }
}
