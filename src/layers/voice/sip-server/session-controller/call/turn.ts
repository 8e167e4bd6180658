/**
 * One step of a call while it is being decided: the call as it is becoming and what is to be done, in order. Local to
 * the step, so that the step as a whole is a pure function.
 */
import type { Step } from '#platform/machine/machine.ts'
import { timestamp } from '#platform/time.ts'
import { errors } from '#protocols/tlib/errors.ts'
import type { Call, Exchange, Fields, Leg, LegRole, Party, State } from './call.ts'
import type { Effect } from './effect.ts'
import type { Input, InputOf } from './input.ts'

/** A call that may be changed. */
type Own = { -readonly [Field in keyof Call]: Call[Field] }

export class Turn {
  state: State
  call: Call
  private readonly at: number
  readonly effects: Effect[] = []
  /** `call` is a copy that nobody else has seen: changed in place, since a step changes a field many times. */
  private own = false
  /** As `own`, of its parties: each event of a party counts it up. */
  private ownParties: readonly Party[] = none

  constructor(state: State, call: Call, at: number) {
    this.state = state
    this.call = call
    this.at = at
  }

  /** RFC 3339. */
  get time(): string {
    return timestamp(this.at)
  }

  set(change: Partial<Call>): void {
    Object.assign(this.ownCall(), change)
  }

  /** The next number of a kind. */
  count(what: 'eventNo' | 'cSeq' | 'lastParty' | 'lastLeg'): number {
    const call = this.ownCall()
    call[what] += 1
    return call[what]
  }

  do(effect: Effect): void {
    this.effects.push(effect)
  }

  start(timer: string, after: number): void {
    this.effects.push({ type: 'start', timer, after })
  }

  stop(timer: string): void {
    this.effects.push({ type: 'stop', timer })
  }

  leg(id: string | undefined): Leg | undefined {
    return id === undefined ? undefined : this.call.legs[id]
  }

  legAs(role: LegRole): Leg | undefined {
    const { legs } = this.call
    for (const id in legs) if (legs[id]?.role === role) return legs[id]
    return undefined
  }

  putLeg(leg: Leg): Leg {
    this.set({ legs: { ...this.call.legs, [leg.id]: leg } })
    return leg
  }

  setLeg(id: string, change: Partial<Leg>): void {
    const leg = this.call.legs[id]
    if (leg) this.putLeg({ ...leg, ...change })
  }

  /** Forgets the leg; who ends its session is another matter. Who waits for what it was asked waits no longer. */
  dropLeg(id: string): void {
    const { [id]: gone, ...legs } = this.call.legs
    this.set({ legs })
    this.stop(`probe:${id}`)
    this.stop(`retry:${id}`)
    if (gone?.exchange) this.abandon(gone.exchange)
  }

  /** 491: what was passed on may be offered again, to whom the leg has then (RFC 3261 §8.2, §14.2). */
  private abandon(exchange: Exchange): void {
    if ('token' in exchange) this.refuse(exchange.token, errors.wrongState, 'the other side has left')
    if (exchange.why !== 'pass' || !this.leg(exchange.from)) return
    this.do({ type: 'rejectOffer', leg: exchange.from, status: 491 })
  }

  nextLeg(prefix: string): string {
    return `${prefix}${this.count('lastLeg')}`
  }

  party(id: string | undefined): Party | undefined {
    return this.call.parties.find((party) => party.id === id)
  }

  partyOn(leg: string): Party | undefined {
    return this.call.parties.find((party) => party.leg === leg)
  }

  partyOf(dn: string): Party | undefined {
    return this.call.parties.find((party) => party.dn === dn && !party.external)
  }

  setParty(id: string, change: Partial<Party>): void {
    const party = this.party(id)
    if (party === undefined) return
    if (this.ownParties.includes(party)) Object.assign(party, change)
    else this.replaceParty(party, { ...party, ...change })
  }

  refuse(token: number | undefined, error: { code: number; words: string }, particulars?: string): void {
    if (token === undefined) return
    const message = particulars === undefined ? error.words : `${error.words}: ${particulars}`
    this.do({ type: 'refuse', token, code: error.code, message })
  }

  bye(leg: string, fields: Fields = none): void {
    this.do({ type: 'bye', leg, fields })
    this.dropLeg(leg)
  }

  cancel(leg: string, fields: Fields = none): void {
    this.do({ type: 'cancel', leg, fields })
    this.dropLeg(leg)
  }

  private replaceParty(party: Party, by: Party): void {
    this.ownParties = [...this.ownParties, by]
    this.set({ parties: this.call.parties.map((one) => (one === party ? by : one)) })
  }

  private ownCall(): Own {
    if (!this.own) this.call = { ...this.call }
    this.own = true
    return this.call
  }
}

const none: readonly never[] = []

/** What a cell of the call machine does. */
export type Cell<Type extends Input['type']> = (turn: Turn, input: InputOf<Type>) => void
export type Cells = { readonly [Type in Input['type']]?: Cell<Type> }

type Row = {
  readonly [Type in Input['type']]?: (call: Call, input: InputOf<Type>) => Step<State, Call, Effect>
}

/** The cells of one state as steps. */
export function row(state: State, cells: Cells): Row {
  const steps = Object.entries(cells).map(([type, cell]) => [
    type,
    (call: Call, input: Input): Step<State, Call, Effect> => {
      const turn = new Turn(state, call, input.at)
      ;(cell as Cell<Input['type']>)(turn, input)
      return { state: turn.state, data: turn.call, effects: turn.effects }
    },
  ])
  return Object.fromEntries(steps) as Row
}

/** A cell whose meaning depends on the leg's role; elsewhere the input means nothing. */
export function byRole<Type extends Input['type']>(cells: { readonly [Role in LegRole]?: Cell<Type> }): Cell<Type> {
  return (turn, input) => {
    const role = 'leg' in input ? turn.leg(input.leg)?.role : undefined
    if (role) cells[role]?.(turn, input)
  }
}
