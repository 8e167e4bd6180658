/** What the caller hears at a routing point (event flows §3): one treatment at a time, in the one media dialog. */
import type { DialogExit } from '#protocols/media/msml/msml.ts'
import type { TreatmentType } from '#protocols/tlib/attributes.ts'
import { errors } from '#protocols/tlib/errors.ts'
import type { Extra } from '../events/publish.ts'
import { mediaOf, refusalOf, sendMsml } from '../media/media-leg.ts'
import { contentOf, dialogName, kindOf, type Treatment } from '../media/treatment.ts'
import type { Leg, Queue } from './call.ts'
import type { InputOf } from './input.ts'
import { note } from './parties.ts'
import type { Turn } from './turn.ts'

type Wanted = {
  readonly type: TreatmentType
  readonly parameters: Treatment['parameters']
  readonly token?: number
}

/** Asks the media server for a treatment; it is told when it has begun. */
export function treat(turn: Turn, { type, parameters, token }: Wanted) {
  const { queue } = turn.call
  if (!queue) return
  const kind = kindOf(type)
  const n = queue.treatments + 1
  if (!kind) return refused(turn, queue, { type, token }, errors.unsupported)
  const treatment: Treatment = { n, type, parameters, token, ...kind }
  const content = contentOf(treatment)
  if (typeof content === 'string' && content !== 'silence') {
    return refused(turn, queue, treatment, { ...errors.invalidAttribute, words: content })
  }
  turn.refuse(queue.asked?.token, errors.wrongState, 'another treatment took its place')
  turn.set({ queue: { ...queue, treatments: n, asked: treatment } })
  const media = mediaOf(turn, turn.legAs('caller')?.id)
  if (media?.state === 'Up') ask(turn, media, treatment)
}

/** The media dialog is there (again): what was asked for, else what was playing. */
export function playOn(turn: Turn, media: Leg): void {
  const { asked, playing } = turn.call.queue ?? {}
  if (asked) ask(turn, media, asked)
  else if (playing) start(turn, media, playing, 'again')
}

/**
 * The call is routed while a treatment is being asked for: it goes on in the caller's ear while the phone rings, and its
 * party is told of it now, while there is one.
 */
export function settleTreatment(turn: Turn): void {
  const asked = turn.call.queue?.asked
  if (asked) applied(turn, asked)
}

/** An agent answered and is in the same conference: what plays would keep the caller from hearing him. */
export function stopPlaying(turn: Turn): void {
  const { queue } = turn.call
  const media = mediaOf(turn, turn.legAs('caller')?.id)
  if (media?.state === 'Up' && queue?.playing) stop(turn, media, queue.playing, 'stopped')
}

function ask(turn: Turn, media: Leg, treatment: Treatment): void {
  const playing = turn.call.queue?.playing
  const tag = `treatment:${treatment.n}`
  if (treatment.type !== 'Silence') start(turn, media, treatment, tag)
  else if (playing) stop(turn, media, playing, tag)
  else applied(turn, treatment)
}

function start(turn: Turn, media: Leg, treatment: Treatment, tag: string): void {
  const content = contentOf(treatment)
  if (typeof content === 'string') return
  const name = dialogName(treatment)
  sendMsml(turn, media.id, { type: 'dialogstart', connection: 'self', name, ...content }, tag)
}

function stop(turn: Turn, media: Leg, playing: Treatment, tag: string): void {
  sendMsml(turn, media.id, { type: 'dialogend', connection: 'self', name: dialogName(playing) }, tag)
}

/** The media server's answer to what was asked. */
export function treatmentResponded(turn: Turn, input: InputOf<'responded'>): void {
  const { queue } = turn.call
  const asked = queue?.asked
  if (!queue || !asked || input.tag !== `treatment:${asked.n}`) return
  const refusal = refusalOf(input)
  // Silence that the media server says is there already is silence.
  if (!refusal || asked.type === 'Silence') applied(turn, asked)
  else {
    turn.set({ queue: { ...queue, asked: undefined } })
    refused(turn, queue, asked, refusal)
  }
}

/** §3: a new treatment first ends a finite one. */
function applied(turn: Turn, treatment: Treatment): void {
  const { queue } = turn.call
  if (!queue) return
  if (queue.playing?.finite) note(turn, queue.party, 'EventTreatmentEnd', { treatmentType: queue.playing.type })
  const { token: _asked, ...playing } = treatment
  turn.set({ queue: { ...queue, asked: undefined, playing: treatment.type === 'Silence' ? undefined : playing } })
  const extra = { treatmentType: treatment.type, treatmentParameters: treatment.parameters }
  note(turn, queue.party, 'EventTreatmentApplied', extra, treatment.token)
}

/** The dialog of a treatment is over. */
export function treatmentEnded(turn: Turn, dialog: string, exit: DialogExit): void {
  const asked = turn.call.queue?.asked
  // Its end overtook the answer to its start.
  if (asked && dialogName(asked) === dialog) applied(turn, asked)
  const { queue } = turn.call
  const playing = queue?.playing
  if (!queue || !playing || dialogName(playing) !== dialog) return
  turn.set({ queue: { ...queue, playing: undefined } })
  if (playing.finite) note(turn, queue.party, 'EventTreatmentEnd', { treatmentType: playing.type, ...collected(exit) })
}

const collected = ({ digits }: DialogExit): Extra =>
  digits === undefined
    ? {}
    : { collectedDigits: digits, ...(digits !== '' && { lastCollectedDigit: digits.slice(-1) }) }

function refused(
  turn: Turn,
  queue: Queue,
  { type, token }: { type: TreatmentType; token?: number | undefined },
  { code, words }: { code: number; words: string },
): void {
  const extra = { treatmentType: type, errorCode: code, errorMessage: words }
  note(turn, queue.party, 'EventTreatmentNotApplied', extra, token)
}
