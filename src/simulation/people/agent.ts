/**
 * An agent with a SIP phone and a T-Library desktop on a host of his own, who works as people do: answers, rejects, does
 * not answer, pauses, logs out, pulls the plug, and is back after a while. `temper` says how often what.
 */
import { openEndpoint } from '#cluster/demo/traffic/endpoint.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Address, Clock } from '#platform/runtime/runtime.ts'
import { secretOf } from '#protocols/sip/core/digest.ts'
import { Registration } from '#protocols/sip/core/registration.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import type { AgentStatus } from '#protocols/tlib/attributes.ts'
import { type Checker, createChecker } from '#protocols/tlib/checker.ts'
import { type Asked, connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { receivedEvent } from '#protocols/tlib/published.ts'
import { sdp } from '../phone.ts'
import type { Stream } from '../stream.ts'
import type { World } from '../world.ts'
import type { Temper } from './temper.ts'

export type AgentOptions = {
  readonly dn: string
  /** Numeric, his own. */
  readonly address: string
  readonly proxies: readonly Address[]
  readonly desktops: Address
  readonly temper: Temper
  /** Whom he calls and transfers to. */
  readonly others: readonly string[]
  /** Counts what he did. */
  did(what: string): void
}

/** A call at his phone. */
type AtPhone = { readonly life: Life; readonly session: IncomingSession; isTalking: boolean; isOver: boolean }

/** One life of his host. */
type Life = {
  readonly clock: Clock
  readonly userAgent: UserAgent
  readonly registration: Registration
  readonly tlib: TLibClient
  readonly close: () => void
  status: AgentStatus
  /** Away on purpose, until then. */
  back: number
  /** The call he is on, as his desktop shows it. */
  connID: string | undefined
}

export class Agent {
  readonly dn: string
  private readonly broken: string[] = []
  temper: Temper
  /** Calls answered. */
  answered = 0
  talking = 0
  private readonly world: World
  private readonly options: AgentOptions
  private readonly random: Stream
  private life: Life | undefined
  private checker: Checker | undefined

  constructor(world: World, options: AgentOptions) {
    this.world = world
    this.options = options
    this.dn = options.dn
    this.temper = options.temper
    this.random = world.random(`agent ${options.dn}`)
  }

  get host(): string {
    return `agent-${this.options.dn}`
  }
  get isRegistered(): boolean {
    return this.life?.registration.registered ?? false
  }
  get status(): AgentStatus | 'Gone' {
    return this.life?.status ?? 'Gone'
  }
  get counts() {
    return this.life?.userAgent.counts()
  }

  /** His host comes up, and with it phone and desktop. */
  async start(): Promise<void> {
    const { address, dn } = { ...this.options }
    const runtime = this.world.host(this.host)
    const endpoint = await openEndpoint({ runtime, log: silentLog, metrics: noMetrics }, address, dn)
    const { userAgent } = endpoint
    this.checker = createChecker('client')
    const tlib = this.openDesktop()
    const contact = `<sip:${dn}@${address}:${endpoint.local.port}>`
    const registration = this.registration(userAgent, contact)
    const close = () => void endpoint.close()
    const life: Life = {
      clock: runtime.clock,
      userAgent,
      registration,
      tlib,
      close,
      status: 'LoggedOut',
      back: 0,
      connID: undefined,
    }
    this.life = life
    userAgent.onInvite((session) => ({ user: this.called(life, session) }))
    tlib.registerAddress(dn)
    registration.start()
    this.moods(life)
  }

  /** What his streams broke, with that of this life. */
  get violations(): readonly string[] {
    return [...this.broken, ...(this.checker?.violations ?? [])]
  }

  private openDesktop(): TLibClient {
    const { dn, desktops } = this.options
    const { checker } = this
    return connectTLib({
      runtime: this.world.host(this.host),
      log: silentLog,
      locate: () => desktops,
      applicationName: `desktop-${dn}`,
      event: (event, told) => {
        if (event.name === 'EventServerDisconnected') checker?.interrupted()
        checker?.event(receivedEvent(event, told))
        this.heard(event)
      },
    })
  }

  private registration(userAgent: UserAgent, contact: string): Registration {
    const { dn, proxies } = this.options
    const first = this.random.below(proxies.length)
    const inOrder = [...proxies.slice(first), ...proxies.slice(0, first)]
    return new Registration({
      userAgent,
      runtime: this.world.host(this.host),
      log: silentLog,
      addressOfRecord: `<sip:${dn}@ringmain>`,
      registrar: 'sip:ringmain',
      contact,
      proxies: inOrder.map(({ host, port }) => `<sip:${host}:${port};lr>`),
      identity: {
        username: dn,
        realm: 'ringmain',
        secretOf: (algorithm) => secretOf(dn, 'ringmain', 'demo', algorithm),
      },
    })
  }

  /** What he is, by the events that tell it; the snapshot after a reconnect included. */
  private heard(event: Event): void {
    const { life } = this
    if (life === undefined || !('thisDN' in event) || event.thisDN !== this.dn) return
    if (event.name === 'EventAgentLogin') life.status = 'NotReady'
    else if (event.name === 'EventAgentReady') life.status = 'Ready'
    else if (event.name === 'EventAgentLogout') life.status = 'LoggedOut'
    else if (event.name === 'EventAgentNotReady')
      life.status = event.workMode === 'AfterCallWork' ? 'AfterCallWork' : 'NotReady'
    else if (event.name === 'EventRegistered') life.status = event.agentStatus ?? 'LoggedOut'
    else if (event.name === 'EventEstablished') life.connID = event.connID
    else if (event.name === 'EventReleased' && event.connID === life.connID) life.connID = undefined
  }

  private moods(life: Life): void {
    life.clock.after(this.random.between(...this.temper.moods), () => {
      if (life.clock.monotonic() >= life.back) this.mood(life)
      if (life === this.life) this.moods(life)
    })
  }

  /** Does something else than his work now and then; otherwise sees to it that he is ready. */
  private mood(life: Life): void {
    const { random, temper, dn, options } = this
    if (random.chance(temper.vanishes)) this.vanish('vanished')
    else if (random.chance(temper.pauses)) this.pause(life)
    else if (random.chance(temper.dials)) {
      options.did('dialled')
      this.ask(life, { name: 'RequestMakeCall', thisDN: dn, otherDN: random.pick(options.others) })
    } else this.work(life)
  }

  private work(life: Life): void {
    const { dn: thisDN } = this
    if (!life.registration.registered) life.registration.start()
    else if (life.status === 'LoggedOut') this.ask(life, { name: 'RequestAgentLogin', thisDN, agentID: thisDN })
    else if (life.status === 'NotReady') this.ask(life, { name: 'RequestAgentReady', thisDN })
    else if (life.status === 'AfterCallWork' && this.random.chance(0.5))
      this.ask(life, { name: 'RequestAgentReady', thisDN })
  }

  private pause(life: Life): void {
    const { random, dn: thisDN } = this
    const what = random.pick(['not ready', 'after-call work', 'logged out', 'unregistered'] as const)
    const reasons = { reason: 'lunch' }
    this.options.did(what)
    life.back = life.clock.monotonic() + random.between(...this.temper.isAwayFor)
    if (what === 'not ready') this.ask(life, { name: 'RequestAgentNotReady', thisDN, workMode: 'AuxWork', reasons })
    else if (what === 'after-call work')
      this.ask(life, { name: 'RequestAgentNotReady', thisDN, workMode: 'AfterCallWork' })
    else if (what === 'logged out') this.ask(life, { name: 'RequestAgentLogout', thisDN })
    else void life.registration.stop()
  }

  private ask(life: Life, request: Asked): void {
    if (life.tlib.isConnected) life.tlib.request(request)
  }

  /** Goes home: his host is switched off for good, without a word. */
  leave(): void {
    if (this.life === undefined) return
    this.life = undefined
    this.world.crash(this.host)
  }

  /** The host loses its power; somebody switches it on again after a while. */
  private vanish(how: string): void {
    if (this.life === undefined) return
    this.options.did(how)
    this.life = undefined
    this.talking = 0
    this.broken.push(...(this.checker?.violations ?? []))
    this.world.crash(this.host)
    const away = this.random.between(...this.temper.isAwayFor)
    this.world.host('power switch').clock.after(away, () => void this.start())
  }

  private called(life: Life, session: IncomingSession): SessionUser {
    const { random, temper } = this
    const call: AtPhone = { life, session, isTalking: false, isOver: false }
    if (random.chance(temper.rejects)) {
      this.options.did('rejected')
      session.reject(random.pick([486, 603, 480, 500]))
      call.isOver = true
      return this.userOf(call)
    }
    session.progress(180)
    if (random.chance(temper.vanishes)) this.after(call, [0, 1_000], () => this.vanish('vanished ringing'))
    if (random.chance(temper.letsRing)) this.letRing(call)
    else this.after(call, temper.answersAfter, () => this.answer(call))
    return this.userOf(call)
  }

  /** No phone rings for ever, though the CANCEL may have been lost with the line. */
  private letRing(call: AtPhone): void {
    this.options.did('let it ring')
    this.after(call, [30_000, 40_000], () => {
      call.session.reject(480)
      this.over(call)
    })
  }

  /** While the call and this life of his host last. */
  private after(call: AtPhone, range: readonly [number, number], run: () => void): void {
    const { life } = call
    life.clock.after(this.random.between(...range), () => {
      if (!call.isOver && life === this.life) run()
    })
  }

  private answer(call: AtPhone): void {
    const { random, temper } = this
    call.isTalking = true
    this.answered += 1
    this.talking += 1
    this.options.did('answered')
    call.session.accept(sdp(this.options.address))
    if (random.chance(temper.vanishes)) this.after(call, [0, 3_000], () => this.vanish('vanished talking'))
    if (random.chance(temper.holds)) this.after(call, [0, 2_000], () => this.hold(call))
    if (random.chance(temper.transfers)) this.after(call, [0, 3_000], () => this.transfer(call))
    this.after(call, temper.talks, () => this.hangUp(call))
  }

  private hold(call: AtPhone): void {
    const { life } = call
    const { dn: thisDN } = this
    const { connID } = life
    if (connID === undefined) return
    this.options.did('held')
    this.ask(life, { name: 'RequestHoldCall', thisDN, connID })
    this.after(call, [0, 2_000], () => this.ask(life, { name: 'RequestRetrieveCall', thisDN, connID }))
  }

  private transfer({ life }: AtPhone): void {
    const { connID } = life
    if (connID === undefined) return
    this.options.did('transferred')
    const otherDN = this.random.pick(this.options.others)
    this.ask(life, { name: 'RequestSingleStepTransfer', thisDN: this.dn, connID, otherDN })
  }

  /** At the phone or at the desktop. */
  private hangUp(call: AtPhone): void {
    const { life, session } = call
    this.options.did('hung up')
    const byPhone = () => {
      session.bye()
      this.over(call)
    }
    const { connID } = life
    if (connID === undefined || this.random.chance(0.5)) byPhone()
    else {
      this.ask(life, { name: 'RequestReleaseCall', thisDN: this.dn, connID })
      // The desktop may be cut off, or show another call.
      this.after(call, [3_000, 4_000], byPhone)
    }
  }

  private over(call: AtPhone): void {
    if (call.isTalking && !call.isOver && call.life === this.life) this.talking -= 1
    call.isOver = true
  }

  private userOf(call: AtPhone): SessionUser {
    return {
      cancelled: () => this.over(call),
      ended: () => this.over(call),
      offered: ({ accept }) => accept(sdp(this.options.address)),
      requested: ({ respond }) => respond(200),
    }
  }
}
