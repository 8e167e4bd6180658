/**
 * The response context of a forked request: RFC 3261 §16.7 and §16.10. It decides which responses go upstream, which
 * branches are cancelled and when the next group of targets is tried. A response is opaque but for its
 * status: a message, or the mere status of one made here.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'

/**
 * Open: further groups may be tried. Closing: a 6xx or a CANCEL ended that. Accepted: a 2xx went upstream.
 * Completed: another final response did.
 */
export type State = 'Open' | 'Closing' | 'Accepted' | 'Completed'

export type Response = { readonly status: number }

export type Input =
  /** Branches that are about to be sent: one group of equal q. `groups` more are left. */
  | { type: 'fork'; branches: readonly number[]; groups: number }
  /** Any response of a branch; one made here (408, 503) likewise. */
  | { type: '100' | '101-199' | '2xx'; branch: number; response: Response }
  /** `last`: by the policy of whoever chose the targets, no further group is tried after this response. */
  | { type: '300-699'; branch: number; response: Response; last?: boolean }
  | { type: 'cancel' }
  | { type: 'timerC'; branch: number }

export type Effect =
  /** `others`: responses whose challenges belong into this one (§16.7 step 7). */
  | { type: 'forward'; response: Response; others?: readonly Response[] }
  /** The client transaction waits for a provisional response where it must and bounds what follows (§9.1). */
  | { type: 'cancel'; branch: number }
  /** (Re)starts timer C of a branch. */
  | { type: 'startC'; branch: number }
  /** Timer C of a branch that was silent: nobody listens to it any more (§16.8). */
  | { type: 'abandon'; branch: number }
  | { type: 'next' }

export type Branch = {
  readonly id: number
  readonly phase: 'calling' | 'proceeding' | 'final'
  readonly cancelled: boolean
}

export type ResponseContext = {
  readonly invite: boolean
  readonly branches: readonly Branch[]
  /** Groups of targets not tried yet. */
  readonly groups: number
  /** The final responses that may still become the answer. */
  readonly finals: readonly Response[]
}

export const newResponseContext = (invite: boolean): ResponseContext => ({
  invite,
  branches: [],
  groups: 0,
  finals: [],
})

type Context = ResponseContext
type Next = Step<State, Context, Effect>

/** Timers of branches are started by effects; they have no meaning once nothing is pending. */
export const proxyResponseContext: Machine<State, Input, Context, Effect> = {
  name: 'proxy-response-context',
  timers: { C: ['Open', 'Closing'] },
  states: {
    Open: {
      fork: (context, { branches, groups }) => fork(context, branches, groups),
      '100': (context, { branch }) => provisional('Open', context, branch, []),
      '101-199': (context, { branch, response }) => provisional('Open', context, branch, [forward(response)]),
      '2xx': (context, { branch, response }) => accept(context, branch, response),
      '300-699': (context, { branch, response, last }) =>
        refuse('Open', last ? { ...context, groups: 0 } : context, branch, response),
      cancel: (context) => cancelPending('Closing', { ...context, groups: 0 }, []),
      timerC: (context, { branch }) => expire('Open', context, branch),
    },
    Closing: {
      '100': (context, { branch }) => provisional('Closing', context, branch, []),
      '101-199': (context, { branch, response }) => provisional('Closing', context, branch, [forward(response)]),
      '2xx': (context, { branch, response }) => accept(context, branch, response),
      '300-699': (context, { branch, response }) => refuse('Closing', context, branch, response),
      cancel: (context) => stay('Closing', context),
      timerC: (context, { branch }) => expire('Closing', context, branch),
    },
    Accepted: {
      '100': (context, { branch }) => provisional('Accepted', context, branch, []),
      '101-199': (context, { branch }) => provisional('Accepted', context, branch, []),
      // §16.7 step 5: every 2xx to an INVITE goes upstream at once; anything else gets exactly one answer.
      '2xx': (context, { branch, response }) =>
        stay('Accepted', finish(context, branch), ...(context.invite ? [forward(response)] : [])),
      '300-699': (context, { branch }) => stay('Accepted', finish(context, branch)),
      cancel: (context) => stay('Accepted', context),
    },
    Completed: {
      '2xx': (context, { response }) => stay('Completed', context, ...(context.invite ? [forward(response)] : [])),
      cancel: (context) => stay('Completed', context),
    },
  },
}

/** The name of the input that a response of this status is. */
export function inputOf(status: number): '100' | '101-199' | '2xx' | '300-699' {
  if (status === 100) return '100'
  if (status < 200) return '101-199'
  return status < 300 ? '2xx' : '300-699'
}

/** §16.7 step 6: a 6xx before all others, else the lowest class; among 4xx one that says how to try again. */
export function bestOf(finals: readonly Response[]): Response | undefined {
  let best: Response | undefined
  for (const final of finals) if (best === undefined || rank(final.status) < rank(best.status)) best = final
  return best
}

/** These say what to change in a further try (§16.7 step 6). */
const telling = [401, 407, 415, 420, 484]

function rank(status: number): number {
  if (status >= 600) return 0
  return Math.floor(status / 100) * 10 + (telling.includes(status) ? 0 : 1)
}

const isChallenge = ({ status }: Response) => status === 401 || status === 407
const cancel = (branch: number): Effect => ({ type: 'cancel', branch })
const forward = (response: Response): Effect => ({ type: 'forward', response })
const stay = (state: State, data: Context, ...effects: Effect[]): Next => ({ state, data, effects })

function change(context: Context, id: number, changes: Partial<Branch>): Context {
  const branches = context.branches.map((branch) => (branch.id === id ? { ...branch, ...changes } : branch))
  return { ...context, branches }
}
const finish = (context: Context, id: number) => change(context, id, { phase: 'final' })
const isPending = (branch: Branch) => branch.phase !== 'final'

function fork(context: Context, ids: readonly number[], groups: number): Next {
  const added = ids.map((id): Branch => ({ id, phase: 'calling', cancelled: false }))
  const data = { ...context, groups, branches: [...context.branches, ...added] }
  if (!context.invite) return stay('Open', data)
  return stay('Open', data, ...ids.map((branch): Effect => ({ type: 'startC', branch })))
}

/** §16.7 step 2: a provisional response other than 100 restarts timer C. */
function provisional(state: State, context: Context, id: number, effects: Effect[]): Next {
  const branch = context.branches.find((one) => one.id === id)
  if (branch === undefined || !isPending(branch)) return stay(state, context)
  const data = branch.phase === 'proceeding' ? context : change(context, id, { phase: 'proceeding' })
  const restart = context.invite && !branch.cancelled && effects.length > 0
  return restart ? stay(state, data, ...effects, { type: 'startC', branch: id }) : stay(state, data, ...effects)
}

/** §16.7 steps 5 and 10: the 2xx goes upstream, what still rings is cancelled. */
function accept(context: Context, id: number, response: Response): Next {
  const finished = { ...finish(context, id), groups: 0, finals: [] }
  return cancelPending('Accepted', finished, [forward(response)])
}

/** §16.10, §16.7 step 10: only INVITEs are cancelled (§9.1). */
function cancelPending(state: State, context: Context, effects: Effect[]): Next {
  const pending = context.branches.filter((branch) => isPending(branch) && !branch.cancelled)
  if (!context.invite || pending.length === 0) return stay(state, context, ...effects)
  const branches = context.branches.map((branch) =>
    pending.includes(branch) ? { ...branch, cancelled: true } : branch,
  )
  return stay(state, { ...context, branches }, ...effects, ...pending.map(({ id }) => cancel(id)))
}

/** §16.7 steps 4–6: a final response other than 2xx waits until every branch has one. */
function refuse(state: 'Open' | 'Closing', context: Context, id: number, response: Response): Next {
  const before = context.branches.find((branch) => branch.id === id)
  if (before === undefined || !isPending(before)) return stay(state, context)
  const data = { ...finish(context, id), finals: [...context.finals, response] }
  if (response.status >= 600) return settle(cancelPending('Closing', { ...data, groups: 0 }, []))
  return settle(stay(state, data))
}

/** The next group, or the best answer, once nothing is pending. */
function settle(next: Next): Next {
  const { data, effects } = next
  if (data.branches.some(isPending)) return next
  if (data.groups > 0) return stay('Open', data, ...effects, { type: 'next' })
  const best = bestOf(data.finals)
  const done = { ...data, finals: [] }
  if (best === undefined) return stay('Completed', done, ...effects, forward({ status: 408 }))
  const others = isChallenge(best) ? data.finals.filter((final) => final !== best && isChallenge(final)) : []
  const answer: Effect =
    others.length > 0 ? { type: 'forward', response: best, others } : { type: 'forward', response: best }
  return stay('Completed', done, ...effects, answer)
}

/** §16.8: with a provisional response the branch is cancelled, without one it is as if 408 had come. */
function expire(state: 'Open' | 'Closing', context: Context, id: number): Next {
  const branch = context.branches.find((one) => one.id === id)
  if (branch === undefined || !isPending(branch) || branch.cancelled) return stay(state, context)
  if (branch.phase === 'proceeding') return stay(state, change(context, id, { cancelled: true }), cancel(id))
  return settle(stay(state, finish(context, id), { type: 'abandon', branch: id }))
}
