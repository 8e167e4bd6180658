/**
 * A SIMULATED agent: a SIP phone that registers, a desktop that is ready, and somebody who answers what is offered after
 * a while, talks for a while and hangs up.
 */
import type { Timer } from '#platform/runtime/runtime.ts'
import { secretOf } from '#protocols/sip/core/digest.ts'
import { Registration } from '#protocols/sip/core/registration.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import { formatNameAddr } from '#protocols/sip/message/headers/name-addr.ts'
import { between, logNormal } from './draws.ts'
import { type Endpoint, type EndpointPorts, openEndpoint } from './endpoint.ts'
import { Talk } from './talk.ts'
import type { Voices } from './voices.ts'
import type { WebAgent } from './web-agent.ts'

export type RobotOptions = {
  readonly dn: string
  readonly name: string
  /** Sockets are bound to it. */
  readonly host: string
  readonly domain: string
  readonly realm: string
  readonly password: string
  /** Route values, the preferred one first. */
  readonly proxies: readonly string[]
  /** Seconds until its after-call work ought to be over. */
  readonly afterCallWork: number
  readonly pitch: number
}

/** Half of the calls are answered in less than this; no offer is left to run out. */
const ringMedian = 3_000
const longestRing = 10_000
/** Half of the talks are shorter. */
const talkMedian = 45_000
const longestTalk = 300_000
/** How often it is seen whether the agent is still ready. */
const lookEvery = 30_000

type Call = { readonly session: IncomingSession; readonly talk: Talk; timer: Timer | undefined }

export class RobotAgent {
  private readonly ports: EndpointPorts
  private readonly options: RobotOptions
  private readonly voices: Voices
  private readonly web: WebAgent
  private readonly endpoint: Endpoint
  private readonly registration: Registration
  private look: Timer | undefined
  private looking = false
  /** From the INVITE to the end: no second call is taken. */
  private busy = false
  private stopped = false

  private constructor(ports: EndpointPorts, options: RobotOptions, voices: Voices, web: WebAgent, endpoint: Endpoint) {
    this.ports = ports
    this.options = options
    this.voices = voices
    this.web = web
    this.endpoint = endpoint
    this.registration = this.registrationOf(options)
    endpoint.userAgent.onInvite((session) => ({ user: this.called(session) }))
  }

  /** Binds its port; `start` does the rest. Throws `CannotListen`. */
  static async open(ports: EndpointPorts, options: RobotOptions, voices: Voices, web: WebAgent): Promise<RobotAgent> {
    const endpoint = await openEndpoint(ports, options.host, options.dn)
    return new RobotAgent(ports, options, voices, web, endpoint)
  }

  get registered(): boolean {
    return this.registration.registered
  }

  get inCall(): boolean {
    return this.busy
  }

  start(): void {
    if (!this.stopped) this.registration.start()
  }

  /** At once and without a word: who is on a call hears of the end from the cluster. */
  async stop(): Promise<void> {
    this.stopped = true
    this.look?.cancel()
    await this.endpoint.close()
  }

  private registrationOf({ dn, name, domain, realm, password, proxies, host }: RobotOptions): Registration {
    const { runtime, log } = this.ports
    return new Registration({
      userAgent: this.endpoint.userAgent,
      runtime,
      log,
      addressOfRecord: formatNameAddr({ displayName: simulated(name), uri: `sip:${dn}@${domain}` }),
      registrar: `sip:${domain}`,
      contact: `<sip:${dn}@${host}:${this.endpoint.local.port}>`,
      proxies,
      identity: { username: dn, realm, secretOf: (algorithm) => secretOf(dn, realm, password, algorithm) },
      changed: (registered) => registered && this.lookIn(200),
    })
  }

  /** Sees to it that the agent is ready, soon and then now and then. */
  private lookIn(ms: number) {
    if (this.stopped) return
    this.look?.cancel()
    this.look = this.ports.runtime.clock.after(ms, () => {
      this.lookIn(lookEvery * between(this.ports.runtime.random, 0.9, 1.1))
      if (!this.busy && !this.looking && this.registered) void this.beReady()
    })
  }

  private async beReady(): Promise<void> {
    const { dn } = this.options
    this.looking = true
    try {
      const fault = await this.web.beReady(dn)
      if (fault !== undefined) this.ports.log.debug({ dn, fault }, 'the simulated agent is not ready')
    } catch (error) {
      this.ports.log.debug({ dn, fault: String(error) }, 'the simulated agent is not ready')
    } finally {
      this.looking = false
    }
  }

  private called(session: IncomingSession): SessionUser {
    if (this.busy) {
      session.reject(486)
      return { ended() {} }
    }
    this.busy = true
    session.progress(180)
    // Bound to this call only: one that ends while its port is being opened is never answered.
    const ringing = { over: false, call: undefined as Call | undefined }
    const end = () => {
      if (ringing.over) return
      ringing.over = true
      this.ended(ringing.call)
    }
    void this.ring(session, ringing, end)
    return this.userOf(ringing, end)
  }

  private userOf(ringing: { call: Call | undefined }, end: () => void): SessionUser {
    return {
      cancelled: end,
      ended: end,
      acknowledged: ({ body }) => body !== undefined && ringing.call?.talk.answered(body),
      offered: ({ offer, accept, reject }) => {
        const { talk } = ringing.call ?? {}
        const answer = offer === undefined ? talk?.offer() : talk?.answer(offer)
        if (answer === undefined) reject(488)
        else accept(answer)
      },
      requested: ({ request, respond }) => respond(request.method === 'OPTIONS' ? 200 : 405),
    }
  }

  private async ring(session: IncomingSession, ringing: { over: boolean; call: Call | undefined }, end: () => void) {
    const { runtime, log } = this.ports
    try {
      const voice = await this.voices.open(this.options.pitch)
      const call: Call = { session, talk: new Talk(voice, this.options.host), timer: undefined }
      if (ringing.over || this.stopped) {
        voice.close()
        return
      }
      ringing.call = call
      const after = Math.min(logNormal(runtime.random, ringMedian, 0.5), longestRing)
      call.timer = runtime.clock.after(after, () => this.answer(call, end))
    } catch (error) {
      log.warn({ dn: this.options.dn, fault: String(error) }, 'the simulated agent cannot talk')
      session.reject(480)
      end()
    }
  }

  private answer(call: Call, end: () => void) {
    const { session, talk } = call
    const { clock, random } = this.ports.runtime
    const { offer } = session
    const body = offer === undefined ? talk.offer() : talk.answer(offer)
    if (body === undefined) {
      session.reject(488)
      end()
      return
    }
    session.accept(body)
    call.timer = clock.after(Math.min(logNormal(random, talkMedian, 0.6), longestTalk), () => {
      session.bye()
      end()
    })
  }

  private ended(call: Call | undefined) {
    this.busy = false
    call?.timer?.cancel()
    call?.talk.voice.close()
    this.lookIn(this.options.afterCallWork * 1000 + 2_000)
  }
}

/** Nobody shall take a robot for a person. */
const simulated = (name: string): string => (name.startsWith('SIMULATED') ? name : `SIMULATED ${name}`)
