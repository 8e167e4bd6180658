import { describe, expect, it } from 'vitest'
import { bestOf, type ContextBranch, type Response, ResponseContext, type State } from './proxy-response-context.ts'

type Input =
  | { type: 'fork'; branches: number[]; groups: number }
  | { type: 'response'; branch: number; response: Response; last?: boolean }
  | { type: 'cancel' }
  | { type: 'timerC'; branch: number }

type Effect =
  | { type: 'forward'; response: Response; others?: readonly Response[] }
  | { type: 'cancel' | 'startC' | 'abandon'; branch: number }
  | { type: 'next' | 'giveUp' }

type Branch = ContextBranch & { readonly id: number }

const response = (status: number) => ({ status })
const arrives = (branch: number, status: number): Input => ({ type: 'response', branch, response: response(status) })
const fork = (branches: number[], groups = 0): Input => ({ type: 'fork', branches, groups })

/** Gives a context these inputs; tells its state and what the last of them caused. */
function run(inputs: Input[], invite = true): { state: State; effects: readonly Effect[] } {
  let effects: Effect[] = []
  const context = new ResponseContext<Branch>(invite, {
    forward: (response, others) =>
      effects.push({ type: 'forward', response, ...(others.length > 0 && { others: [...others] }) }),
    giveUp: () => effects.push({ type: 'giveUp' }),
    cancel: ({ id }) => effects.push({ type: 'cancel', branch: id }),
    startC: ({ id }) => effects.push({ type: 'startC', branch: id }),
    abandon: ({ id }) => effects.push({ type: 'abandon', branch: id }),
    finished() {},
    next: () => effects.push({ type: 'next' }),
  })
  const branches = new Map<number, Branch>()
  const branch = (id: number): Branch => {
    const known = branches.get(id) ?? { id, phase: 'calling', cancelled: false }
    branches.set(id, known)
    return known
  }
  for (const input of inputs) {
    effects = []
    if (input.type === 'fork') context.fork(input.branches.map(branch), input.groups)
    else if (input.type === 'response') context.arrived(branch(input.branch), input.response, input.last)
    else if (input.type === 'timerC') context.expired(branch(input.branch))
    else context.cancel()
  }
  return { state: context.state, effects }
}

const forwarded = (status: number) => ({ type: 'forward', response: { status } })

describe('the response context of a forked request', () => {
  it('starts timer C for each branch of an INVITE and for none of another request (RFC 3261 §16.6 item 11)', () => {
    expect(run([fork([1, 2])]).effects).toEqual([
      { type: 'startC', branch: 1 },
      { type: 'startC', branch: 2 },
    ])
    expect(run([fork([1])], false).effects).toEqual([])
  })

  it('forwards 101 to 199 at once and restarts timer C, and keeps 100 to itself (§16.7 steps 2, 5)', () => {
    expect(run([fork([1]), arrives(1, 100)]).effects).toEqual([])
    expect(run([fork([1]), arrives(1, 180)]).effects).toEqual([forwarded(180), { type: 'startC', branch: 1 }])
  })

  it('forwards the first 2xx at once and cancels what still rings (§16.7 steps 5, 10)', () => {
    const { state, effects } = run([fork([1, 2]), arrives(2, 180), arrives(1, 200)])

    expect(state).toBe('Accepted')
    expect(effects).toEqual([forwarded(200), { type: 'cancel', branch: 2 }])
  })

  it('forwards the 2xx of every branch of an INVITE (§16.7 step 5)', () => {
    expect(run([fork([1, 2]), arrives(1, 200), arrives(2, 200)]).effects).toEqual([forwarded(200)])
  })

  it('forwards one final response to any other request', () => {
    expect(run([fork([1, 2]), arrives(1, 200), arrives(2, 200)], false).effects).toEqual([])
  })

  it('cancels every pending branch when the caller does (§16.10)', () => {
    expect(run([fork([1, 2]), arrives(1, 180), { type: 'cancel' }]).effects).toEqual([
      { type: 'cancel', branch: 1 },
      { type: 'cancel', branch: 2 },
    ])
    expect(run([fork([1, 2]), arrives(1, 486), { type: 'cancel' }]).effects).toEqual([{ type: 'cancel', branch: 2 }])
  })

  it('waits for every branch before a final response other than 2xx goes upstream (§16.7 step 4)', () => {
    expect(run([fork([1, 2]), arrives(1, 486)]).effects).toEqual([])
    expect(run([fork([1, 2]), arrives(1, 486), arrives(2, 404)]).effects).toEqual([forwarded(486)])
  })

  it('tries the next group when a group has failed (§16.6 step 4: sequential search)', () => {
    expect(run([fork([1], 1), arrives(1, 486)]).effects).toEqual([{ type: 'next' }])
    expect(run([fork([1], 1), arrives(1, 486), fork([2]), arrives(2, 480)]).effects).toEqual([forwarded(486)])
  })

  it('tries no further group after a response that its user calls the last', () => {
    const last: Input = { type: 'response', branch: 1, response: response(404), last: true }

    expect(run([fork([1], 1), last])).toMatchObject({ state: 'Completed', effects: [forwarded(404)] })
  })

  it('ends the search with a 6xx and cancels the others (§16.7 step 5)', () => {
    const { state, effects } = run([fork([1, 2], 1), arrives(2, 180), arrives(1, 603)])

    expect(state).toBe('Closing')
    expect(effects).toEqual([{ type: 'cancel', branch: 2 }])
    expect(run([fork([1, 2], 1), arrives(2, 180), arrives(1, 603), arrives(2, 487)]).effects).toEqual([forwarded(603)])
  })

  it('starts no further group after a CANCEL (§16.10)', () => {
    expect(run([fork([1], 1), arrives(1, 180), { type: 'cancel' }, arrives(1, 487)]).effects).toEqual([forwarded(487)])
  })

  it('forwards a 2xx that crosses the CANCEL', () => {
    expect(run([fork([1]), arrives(1, 180), { type: 'cancel' }, arrives(1, 200)]).effects).toEqual([forwarded(200)])
  })

  it('cancels a branch that rings too long and treats a silent one as 408 (§16.8)', () => {
    expect(run([fork([1]), arrives(1, 180), { type: 'timerC', branch: 1 }]).effects).toEqual([
      { type: 'cancel', branch: 1 },
    ])
    expect(run([fork([1]), { type: 'timerC', branch: 1 }]).effects).toEqual([
      { type: 'abandon', branch: 1 },
      forwarded(408),
    ])
  })

  it('answers nothing but INVITE with 408, nor with a provisional response (RFC 4320 §4.1, §4.2)', () => {
    expect(run([fork([1]), arrives(1, 183)], false).effects).toEqual([])
    expect(run([fork([1]), arrives(1, 408)], false)).toEqual({ state: 'Completed', effects: [{ type: 'giveUp' }] })
    expect(run([fork([1]), arrives(1, 404)], false).effects).toEqual([forwarded(404)])
  })

  it('collects the challenges of all branches (§16.7 step 7)', () => {
    expect(run([fork([1, 2, 3]), arrives(1, 407), arrives(2, 486), arrives(3, 401)]).effects).toEqual([
      { type: 'forward', response: { status: 407 }, others: [{ status: 401 }] },
    ])
  })

  it.each([
    [[486, 603, 302], 603],
    [[500, 404, 302], 302],
    [[503, 404], 404],
    [[404, 407], 407],
    [[486, 484], 484],
    [[408, 503], 408],
  ])('chooses the best of %j: %d (§16.7 step 6)', (statuses, best) => {
    expect(bestOf(statuses.map(response))?.status).toBe(best)
  })

  it('forwards no provisional response after the final one', () => {
    expect(run([fork([1, 2]), arrives(1, 200), arrives(2, 180)]).effects).toEqual([])
  })

  it('ignores what an ended branch still says', () => {
    expect(run([fork([1, 2]), arrives(1, 486), arrives(1, 486)]).effects).toEqual([])
    expect(run([fork([1, 2]), arrives(1, 486), { type: 'timerC', branch: 1 }]).effects).toEqual([])
  })

  it('takes a second CANCEL, or one after the end, without effect', () => {
    const ended: Input[][] = [
      [fork([1]), { type: 'cancel' }],
      [fork([1]), arrives(1, 200)],
      [fork([1]), arrives(1, 486)],
    ]

    for (const inputs of ended) expect(run([...inputs, { type: 'cancel' }]).effects).toEqual([])
  })
})
