/**
 * A DN at its owner: in service or not, and whose it is now. Whoever wants to ring it seizes it here first; a
 * reservation keeps it for one call for a short time. Calls of its own making are only noted.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { TimerEffect } from '#platform/machine/runner.ts'
import type { ErrorName } from '#protocols/tlib/errors.ts'
import type { SeizePurpose, SeizeRefusal } from '../session-controller/ports.ts'
import type { Bid } from './bid.ts'

export type State = 'OutOfService' | 'Idle' | 'Reserved' | 'Seized'

export type Seizure = {
  readonly connID: string
  readonly callUUID: string
  readonly purpose: SeizePurpose
  /** The node that has the call. */
  readonly node: string
  /** The reservation that it used up. */
  readonly reservationID?: string
}
export type Wanted = Omit<Seizure, 'reservationID'> & { readonly reservation?: string | undefined }

export type DN = { readonly seizures: readonly Seizure[]; readonly reservation: Bid | undefined }

export type Input =
  | { type: 'inService' | 'outOfService' | 'free' | 'timerReservation' }
  | { type: 'reserve'; bid: Bid }
  /** `ready`: no agent of this DN stands against a routed call. */
  | { type: 'seize'; by: number; wanted: Wanted; ready: boolean }
  | { type: 'release'; connID: string }
  | { type: 'move'; connID: string; to: string }
  /** Calls that were seized with a former owner. */
  | { type: 'adopt'; seizures: readonly Seizure[] }

export type Effect =
  | { type: 'tellDN'; name: 'EventDNBackInService' | 'EventDNOutOfService' }
  | { type: 'granted'; by: number }
  | { type: 'denied'; by: number; cause: SeizeRefusal }
  | { type: 'reserved'; bid: Bid }
  /** A reservation is over while its agent is Ready, which is not told again: who follows him must be told this. */
  | { type: 'unreserved'; bid: Bid; cause: 'timeout' | 'own-call' }
  | { type: 'refuse'; by: number; error: ErrorName; words: string }
  | TimerEffect

type Next = Step<State, DN, Effect>

export const noDN: DN = { seizures: [], reservation: undefined }

export const dnMachine: Machine<State, Input, DN, Effect> = {
  name: 'dn',
  timers: { Reservation: ['Reserved'] },
  states: {
    OutOfService: {
      inService: (dn) => next(resting(dn), dn, { type: 'tellDN', name: 'EventDNBackInService' }),
      outOfService: (dn) => next('OutOfService', dn),
      free: (dn) => next('OutOfService', dn),
      reserve: (dn, { bid }) => refuse('OutOfService', dn, bid, 'outOfService', 'no phone is registered'),
      seize: (dn, input) =>
        isOwn(input.wanted) ? grant('OutOfService', dn, input) : deny('OutOfService', dn, input, 'out-of-service'),
      release: (dn, { connID }) => next('OutOfService', without(dn, connID)),
      move: (dn, input) => next('OutOfService', moved(dn, input)),
      adopt: (dn, input) => next('OutOfService', joined(dn, input)),
    },
    Idle: {
      inService: (dn) => next('Idle', dn),
      outOfService: (dn) => lost(dn),
      free: (dn) => next('Idle', dn),
      reserve: (dn, { bid }) => reserve(dn, bid),
      seize: (dn, input) =>
        isOffer(input) && !input.ready ? deny('Idle', dn, input, 'not-ready') : grant('Seized', dn, input),
      release: (dn) => next('Idle', dn),
      adopt: (dn, input) => rest(joined(dn, input)),
    },
    Reserved: {
      inService: (dn) => next('Reserved', dn),
      outOfService: (dn) => lost({ ...dn, reservation: undefined }),
      free: (dn) => next('Idle', { ...dn, reservation: undefined }),
      timerReservation: (dn) => unreserve(next('Idle', { ...dn, reservation: undefined }), dn, 'timeout'),
      reserve: (dn, { bid }) => refuse('Reserved', dn, bid, 'resourceSeized', 'reserved for another call'),
      seize: (dn, input) => seizeReserved(dn, input),
      release: (dn) => next('Reserved', dn),
      adopt: (dn, input) =>
        input.seizures.length === 0
          ? next('Reserved', dn)
          : unreserve(rest(joined({ ...dn, reservation: undefined }, input)), dn, 'own-call'),
    },
    Seized: {
      inService: (dn) => next('Seized', dn),
      outOfService: (dn) => lost(dn),
      free: (dn) => next('Seized', dn),
      reserve: (dn, { bid }) => refuse('Seized', dn, bid, 'busy', 'the agent has a call'),
      seize: (dn, input) =>
        isOwn(input.wanted) || has(dn, input.wanted.connID)
          ? grant('Seized', dn, input)
          : deny('Seized', dn, input, 'busy'),
      release: (dn, { connID }) => rest(without(dn, connID)),
      move: (dn, input) => next('Seized', moved(dn, input)),
      adopt: (dn, input) => next('Seized', joined(dn, input)),
    },
  },
}

type Seize = Extract<Input, { type: 'seize' }>

const next = (state: State, data: DN, ...effects: Effect[]): Next => ({ state, data, effects })

const resting = (dn: DN): State => (dn.seizures.length === 0 ? 'Idle' : 'Seized')
const rest = (dn: DN): Next => next(resting(dn), dn)

const has = (dn: DN, connID: string): boolean => dn.seizures.some((seizure) => seizure.connID === connID)
const without = (dn: DN, connID: string): DN => ({
  ...dn,
  seizures: dn.seizures.filter((seizure) => seizure.connID !== connID),
})
const moved = (dn: DN, { connID, to }: { connID: string; to: string }): DN => ({
  ...dn,
  seizures: dn.seizures.map((seizure) => (seizure.connID === connID ? { ...seizure, connID: to } : seizure)),
})

const joined = (dn: DN, { seizures }: { seizures: readonly Seizure[] }): DN => ({
  ...dn,
  seizures: [...dn.seizures, ...seizures.filter(({ connID }) => !has(dn, connID))],
})

/** A phone that dials by itself can't be refused for being busy. */
const isOwn = ({ purpose }: Wanted): boolean => purpose === 'originate'
const isOffer = ({ wanted }: Seize): boolean => wanted.purpose === 'routed'

/** A seizure asked for again, since its answer was lost, is granted again. */
function grant(state: State, dn: DN, { by, wanted }: Seize, reservationID?: string): Next {
  const { connID, callUUID, purpose, node } = wanted
  const seizure = { connID, callUUID, purpose, node, ...(reservationID !== undefined && { reservationID }) }
  const seizures = [...without(dn, connID).seizures, seizure]
  return next(state, { seizures, reservation: undefined }, { type: 'granted', by })
}

const deny = (state: State, dn: DN, { by }: Seize, cause: SeizeRefusal): Next =>
  next(state, dn, { type: 'denied', by, cause })

const refuse = (state: State, dn: DN, { by }: Bid, error: ErrorName, words: string): Next =>
  next(state, dn, { type: 'refuse', by, error, words })

const reserve = (dn: DN, bid: Bid): Next =>
  next('Reserved', { ...dn, reservation: bid }, { type: 'reserved', bid }, start(bid.timeout))

const start = (after: number): Effect => ({ type: 'start', timer: 'Reservation', after })

function seizeReserved(dn: DN, input: Seize): Next {
  const { wanted } = input
  const { reservation } = dn
  const mine = reservation?.reservationID === wanted.reservation || reservation?.connID === wanted.connID
  if (mine && isOffer(input)) return grant('Seized', dn, input, reservation?.reservationID)
  if (isOwn(wanted)) return unreserve(grant('Seized', dn, input), dn, 'own-call')
  return deny('Reserved', dn, input, 'reserved')
}

function unreserve(step: Next, { reservation: bid }: DN, cause: 'timeout' | 'own-call'): Next {
  const ended: Effect[] = bid === undefined ? [] : [{ type: 'unreserved', bid, cause }]
  return { ...step, effects: [...ended, ...step.effects] }
}

const lost = (dn: DN): Next => next('OutOfService', dn, { type: 'tellDN', name: 'EventDNOutOfService' })
