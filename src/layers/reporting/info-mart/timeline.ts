/**
 * How a call's time divides into segments: without gap or overlap, from its first moment to its last (event flows §18,
 * invariant 17). A phase lasts until the next one begins.
 */

export type PhaseKind = 'greeting' | 'ivr' | 'queue' | 'ringing' | 'talk' | 'hold' | 'consult'
export type Phase = { readonly kind: PhaseKind; readonly queue?: string; readonly agentId?: string }
/** Since `from` (wall-clock ms) the call is in this phase. */
type Turn = Phase & { readonly from: number }
/** Phases in order; nothing is in it before it is known how the call began. */
export type Timeline = readonly Turn[]

export type Span = Phase & { readonly from: number; readonly until: number }

const same = (one: Phase, other: Phase): boolean =>
  one.kind === other.kind && one.queue === other.queue && one.agentId === other.agentId

/** It rings somewhere, and now it is known where. */
const completes = (known: Phase, phase: Phase): boolean =>
  known.kind === 'ringing' &&
  phase.kind === 'ringing' &&
  (known.queue ?? phase.queue) === phase.queue &&
  (known.agentId ?? phase.agentId) === phase.agentId

/** The phase from `at` on; the first one counts from the `start` of the call. A phase of no length leaves no trace. */
export function turnTo(timeline: Timeline, phase: Phase, at: number, start: number): Timeline {
  const last = timeline.at(-1)
  if (last === undefined) return [{ ...phase, from: start }]
  if (same(last, phase)) return timeline
  const before = timeline.slice(0, -1)
  if (completes(last, phase)) return [...before, { ...phase, from: last.from }]
  if (last.from < at) return [...timeline, { ...phase, from: at }]
  const previous = before.at(-1)
  return previous && same(previous, phase) ? before : [...before, { ...phase, from: last.from }]
}

/** Between two treatments, and before the first, a call stands in its queue as long as it takes to begin the next one. */
const changeover = 1000

/** The whole call in segments; one of no known phase has rung nowhere. */
export function spansOf(timeline: Timeline, start: number, end: number): Span[] {
  if (end <= start) return []
  const turns: Timeline = timeline.length > 0 ? timeline : [{ kind: 'ringing', from: start }]
  const spans = turns.map((turn, index) => ({ ...turn, until: turns[index + 1]?.from ?? end }))
  return joined(spans.filter(({ from, until }) => from < until))
}

const isTreatment = ({ kind }: Phase): boolean => kind === 'greeting' || kind === 'ivr'

/** Gives a changeover to the treatment it leads to, and joins neighbours that are the same. */
function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  let from: number | undefined
  for (const [index, span] of spans.entries()) {
    const next = spans[index + 1]
    const brief = span.kind === 'queue' && span.until - span.from < changeover
    if (brief && next && isTreatment(next) && next.queue === span.queue) {
      from = span.from
      continue
    }
    const whole = { ...span, from: from ?? span.from }
    from = undefined
    const last = result.at(-1)
    if (last && same(last, whole)) result[result.length - 1] = { ...last, until: whole.until }
    else result.push(whole)
  }
  return result
}
