/**
 * The world around one call machine, imagined: sessions, owners, timers and clients that may do whatever they are
 * allowed to do next, in any order. Whoever drives it chooses among `choices`.
 */
import { step } from '#platform/machine/machine.ts'
import { buildMsmlEvent, buildMsmlResult } from '#protocols/media/msml/build-msml.ts'
import { msmlType } from '#protocols/media/msml/msml.ts'
import { parseMsmlRequest } from '#protocols/media/msml/parse-msml.ts'
import type { Checker } from '#protocols/tlib/checker.ts'
import { description } from '../phones.fixture.ts'
import type { SeizeRefusal } from '../ports.ts'
import type { Call, State } from './call.ts'
import { callMachine } from './call-machine.ts'
import type { Effect } from './effect.ts'
import { direct, requestsOf, targets } from './imagined-requests.fixture.ts'
import { broken } from './imagined-rules.fixture.ts'
import { answerTo, hostOf, performed, type Session, session } from './imagined-session.fixture.ts'
import { Watch } from './imagined-watch.fixture.ts'
import type { Input } from './input.ts'

type Choice = { readonly name: string; readonly input: () => Input }
export type Machine = typeof callMachine

/** A blind transfer. */
const plain = { replaces: false, consultation: undefined }
const settings: Call['times'] = { offerTimeout: 15_000, ringTimeout: 60_000 }

export class ImaginedWorld {
  state: State = 'New'
  call: Call
  readonly sessions = new Map<string, Session>()
  readonly problems: string[] = []
  readonly story: string[] = []
  private readonly checker: Checker
  private readonly machine: Machine
  private readonly timers = new Set<string>()
  private readonly seizing: string[] = []
  private readonly seized = new Set<string>()
  private readonly lookUps: string[] = []
  private readonly waiting = new Set<number>()
  /** Those of them that hold or retrieve. */
  private readonly holds = new Set<number>()
  private readonly watch = new Watch()
  private lastToken = 0
  private at = 1_767_225_600_000
  over = 0

  constructor(checker: Checker, first: Partial<Call>, machine: Machine = callMachine) {
    this.checker = checker
    this.machine = machine
    this.call = {
      callUUID: '0193',
      connID: '0001000100000001',
      callType: 'Inbound',
      ani: '+44',
      dnis: '8010',
      origin: { kind: 'trunk', trunk: 'c', number: '+44', media: direct },
      from: '<sip:+44@c>',
      identity: [],
      media: direct,
      dc: 'dc1',
      times: settings,
      userData: {},
      parties: [],
      legs: {},
      mediaFailures: 0,
      eventNo: 0,
      cSeq: 0,
      lastParty: 0,
      lastLeg: 0,
      ...first,
    }
  }

  /** One step, on data that nobody may change and that is JSON through and through. */
  feed(input: Input): void {
    this.at += 10
    this.story.push(`${this.state} × ${input.type}${'leg' in input ? ` ${input.leg}` : ''}`)
    const data = deepFreeze(JSON.parse(JSON.stringify(this.call)) as Call)
    const before = { state: this.state, call: this.call }
    const next = step(this.machine, this.state, data, input)
    if (!next) {
      this.problems.push(`${this.state} × ${input.type} has no meaning`)
      return
    }
    this.state = next.state
    this.call = next.data
    for (const timer of this.timers) {
      const states = callMachine.timers[timer] as readonly State[] | undefined
      if (states && !states.includes(next.state)) this.timers.delete(timer)
    }
    for (const effect of next.effects) this.perform(effect)
    const wrong = [
      ...broken(this.call, this.sessions.values(), this.holds),
      ...this.watch.step(before, input, this, next.effects, this.timers),
    ]
    this.problems.push(...wrong.map((what) => `${what}: ${this.story.at(-1)}`))
    this.checker.turn()
  }

  /** The caller's INVITE. */
  arrive(number: string, late: boolean) {
    const remote = late ? undefined : description('127.0.3.1')
    this.sessions.set('a', session('a', 'calling', false, late))
    this.call = { ...this.call, legs: { a: { id: 'a', role: 'caller', state: 'Calling', remote } } }
    this.feed({ type: 'arrived', at: this.at, target: targets[number] })
  }

  make(number: string) {
    this.feed({ type: 'made', at: this.at, target: targets[number], token: this.token() })
  }

  stop() {
    if (this.state !== 'Ended') this.feed({ type: 'stop', at: this.at })
  }

  /** What is not as it must be when the call is over. */
  remains(): string[] {
    const left: string[] = [...this.problems]
    if (this.over !== 1) left.push(`the call was over ${this.over} times`)
    if (this.sessions.size > 0) left.push(`sessions are open: ${[...this.sessions.keys()].join(', ')}`)
    if (this.seized.size > 0) left.push(`seized: ${[...this.seized].join(', ')}`)
    if (this.waiting.size > 0) left.push(`requests were never answered: ${[...this.waiting].join(', ')}`)
    return left
  }

  get choices(): Choice[] {
    const choices: Choice[] = []
    for (const one of this.sessions.values()) choices.push(...this.ofSession(one))
    for (const dn of this.seizing) choices.push(...this.ofSeizure(dn))
    for (const timer of this.timers) {
      const type = timer in callMachine.timers ? (`timer${timer}` as 'timerRing') : 'timer'
      choices.push({ name: timer, input: () => ({ type, timer, at: this.take(this.timers, timer) }) as Input })
    }
    for (const number of this.lookUps) {
      choices.push({ name: 'found', input: () => this.found(number) })
    }
    choices.push(...this.requests(), ...this.withdrawals())
    return choices
  }

  private take(from: Set<string>, what: string): number {
    from.delete(what)
    return this.at
  }

  private found(number: string): Input {
    this.lookUps.length = 0
    return { type: 'found', at: this.at, number, target: targets[number] }
  }

  private ofSession(one: Session): Choice[] {
    const { leg } = one
    const at = this.at
    const say = (name: string, make: () => Input): Choice => ({ name: `${leg} ${name}`, input: make })
    const gone = (input: Input) => (): Input => {
      this.sessions.delete(leg)
      return input
    }
    const ice = this.story.length % 2 === 0 ? 'a=ice-ufrag:u\r\n' : ''
    const body = description(hostOf(one), 10_000 + this.story.length, answerTo(one.told)) + ice
    if (one.state === 'calling') return [say('cancels', gone({ type: 'cancelled', at, leg, reason: undefined }))]
    if (one.state === 'inviting') {
      const rings = { type: 'progressed', at, leg, status: 180, body: undefined, fork: 'f', talks: true } as const
      return [
        say('rings', () => rings),
        say('is early', () => ({ ...rings, status: 183, body: one.weOffered ? body : undefined })),
        ...[0, 1, 2].map(() =>
          say('answers', () => {
            one.state = 'up'
            return { type: 'answered', at, leg, body, offer: !one.weOffered }
          }),
        ),
        ...[486, 503].map((status) => say(`${status}`, gone({ type: 'failed', at, leg, status }))),
      ]
    }
    if (one.state === 'accepted') {
      return [
        say('acknowledges', () => {
          one.state = 'up'
          return { type: 'acknowledged', at, leg, body: one.weOffered ? body : undefined }
        }),
        say('does not acknowledge', gone({ type: 'ended', at, leg, cause: 'no-ack', reason: undefined })),
      ]
    }
    return this.ofEstablished(one, body, say, gone)
  }

  private ofEstablished(
    one: Session,
    body: string,
    say: (name: string, make: () => Input) => Choice,
    gone: (input: Input) => () => Input,
  ): Choice[] {
    const { leg } = one
    const at = this.at
    const choices = [
      say('hangs up', gone({ type: 'ended', at, leg, cause: 'bye', reason: undefined })),
      say('is gone', gone({ type: 'ended', at, leg, cause: 'gone', reason: undefined })),
      say('is to be refreshed', () => ({ type: 'stale', at, leg })),
    ]
    if (one.reinviting) {
      const settle = (status: number) => (): Input => {
        one.reinviting = false
        const answer = status === 200 ? body : undefined
        return { type: 'reinvited', at, leg, status, body: answer, retryAfter: status === 491 ? 100 : undefined }
      }
      choices.push(...[200, 200, 200, 491, 488].map((status) => say(`re-INVITE ${status}`, settle(status))))
    } else if (!one.offering && !one.isMedia) {
      const port = 10_000 + 2 * (this.story.length % 2)
      for (const direction of ['sendonly', 'sendrecv']) {
        choices.push(
          say(direction, () => {
            one.offering = true
            return { type: 'offered', at, leg, body: description('127.0.2.1', port, direction) }
          }),
        )
      }
    }
    if (one.offering) {
      const back = (): Input => {
        one.offering = false
        return { type: 'offerCancelled', at, leg }
      }
      choices.push(...[0, 1, 2].map(() => say('takes its offer back', back)))
    }
    const asked = one.asked[0]
    if (asked) choices.push(say(`answers ${asked.tag}`, () => this.answered(one, asked)))
    choices.push(...this.informs(one, say))
    return choices
  }

  private answered(one: Session, { tag, body }: { tag: string; body: string }): Input {
    one.asked.shift()
    const request = parseMsmlRequest(Buffer.from(body))
    if (!('refused' in request) && request.type === 'dialogstart') one.dialogs.add(request.name)
    const result = buildMsmlResult({ status: 200 }).toString()
    return { type: 'responded', at: this.at, leg: one.leg, tag, status: 200, body: result }
  }

  private informs(one: Session, say: (name: string, make: () => Input) => Choice): Choice[] {
    const { leg } = one
    const info = (contentType: string, body: string): Input => {
      const request = this.token()
      return { type: 'info', at: this.at, leg, request, contentType, body }
    }
    if (!one.isMedia) {
      const number = '1003'
      return [
        say('digit', () => info('application/dtmf-relay', 'Signal=1')),
        say('refers', () => {
          const request = this.token()
          return {
            type: 'referred',
            at: this.at,
            leg,
            request,
            event: 'refer',
            number,
            target: targets[number],
            ...plain,
          }
        }),
      ]
    }
    const connection = 'm'
    const silent = buildMsmlEvent({ name: 'ringmain.rtp.silent', connection, seconds: 20 }).toString()
    const exits = [...one.dialogs].map((dialog) =>
      say(`${dialog} ends`, () => {
        one.dialogs.delete(dialog)
        const exit = { play: 'play.complete', digits: '12' } as const
        return info(msmlType, buildMsmlEvent({ name: 'msml.dialog.exit', connection, dialog, exit }).toString())
      }),
    )
    return [...exits, say('hears no RTP', () => info(msmlType, silent))]
  }

  private ofSeizure(dn: string): Choice[] {
    const reply = (granted: boolean, cause: SeizeRefusal) => (): Input => {
      this.seizing.splice(this.seizing.indexOf(dn), 1)
      if (granted) this.seized.add(dn)
      const answer = granted
        ? ({ granted, owner: 'n', agentID: `agent${dn}`, ...(dn === '1003' && { ipVersion: 6 as const }) } as const)
        : ({ granted: false, cause } as const)
      return { type: 'seized', at: this.at, dn, reply: answer }
    }
    return [
      ...[0, 1, 2].map(() => ({ name: `${dn} granted`, input: reply(true, 'busy') })),
      { name: `${dn} busy`, input: reply(false, 'busy') },
      { name: `${dn} out of service`, input: reply(false, 'out-of-service') },
    ]
  }

  private requests(): Choice[] {
    const dns = this.call.parties.filter(({ external }) => !external).map(({ dn }) => dn)
    return dns.flatMap((thisDN) =>
      requestsOf(thisDN).map((request) => ({
        name: `${request.name} ${thisDN}`,
        input: (): Input => {
          const token = this.token()
          if (/Hold|Retrieve/.test(request.name)) this.holds.add(token)
          const otherDN = 'otherDN' in request ? request.otherDN : ''
          const target = targets[otherDN]
          return { type: request.name, at: this.at, request, token, target } as unknown as Input
        },
      })),
    )
  }

  private withdrawals(): Choice[] {
    const ringing = this.call.parties.filter(({ seized, state }) => seized && state !== 'Dialing')
    return ringing.map(({ dn }) => ({
      name: `${dn} out of reach`,
      input: () => ({ type: 'withdraw', at: this.at, dn }),
    }))
  }

  private token(): number {
    this.lastToken += 1
    this.waiting.add(this.lastToken)
    return this.lastToken
  }

  private answer(token: number | undefined) {
    if (token === undefined) return
    this.holds.delete(token)
    if (!this.waiting.delete(token)) this.problems.push(`request ${token} is answered twice`)
  }

  private open(leg: string, effect: Effect): Session | undefined {
    const found = this.sessions.get(leg)
    if (!found) this.problems.push(`${effect.type} for ${leg}, which is not open: ${this.story.at(-1)}`)
    return found
  }

  private perform(effect: Effect) {
    switch (effect.type) {
      case 'publish':
        this.checker.event(structuredClone(effect.event))
        return this.answer(effect.answers)
      case 'answer':
      case 'refuse':
        return this.answer(effect.token)
      case 'respond':
        return this.answer(effect.request)
      case 'seize':
        this.seizing.push(effect.dn)
        return
      case 'release':
        if (!this.seized.delete(effect.dn)) this.problems.push(`${effect.dn} is released and was not seized`)
        return
      case 'move':
      case 'consolidate':
      case 'withhold':
      case 'handOver':
      case 'giveBack':
      case 'merged':
        this.problems.push(`${effect.type}, and there is no other call`)
        return
      case 'lookUp':
        this.lookUps.push(effect.number)
        return
      case 'over':
        this.over += 1
        // What owners grant after the end is given back by the edge, and requests in dialogs end with their dialog.
        this.holds.clear()
        return this.waiting.clear()
      case 'start':
        this.timers.add(effect.timer)
        return
      case 'stop':
        this.timers.delete(effect.timer)
        return
      case 'invite':
        this.sessions.set(
          effect.leg,
          session(effect.leg, 'inviting', effect.uri.includes('@media.'), effect.body !== undefined, effect.body),
        )
        return
      default:
        return this.onLeg(effect)
    }
  }

  private onLeg(effect: Extract<Effect, { leg: string }>): void {
    const one = this.open(effect.leg, effect)
    if (!one) return
    if (effect.type === 'reject' || effect.type === 'cancel' || effect.type === 'bye') this.sessions.delete(effect.leg)
    else this.problems.push(...performed(one, effect))
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
