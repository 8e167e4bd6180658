/**
 * One MSML dialog of a leg (docs/decisions/0004-msml-subset.md): a play, a collect after or during it, or digits that
 * are sent. It ends with exactly one exit.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type {
  Collect,
  CollectEnd,
  DialogContent,
  DialogExit,
  Generate,
  GenerateEnd,
  PlayEnd,
} from '#protocols/media/msml/msml.ts'

export type State = 'Playing' | 'Collecting' | 'Generating' | 'Exited'

export type Input =
  | { type: 'digit'; digit: string }
  /** The prompts have been played; the digits have been sent, or cannot be. */
  | { type: 'played' }
  | { type: 'generated'; sent: boolean }
  | { type: 'terminate' }
  | { type: 'timerFirstDigit' | 'timerInterDigit' }

export type Effect =
  | { type: 'play'; prompts: readonly string[]; iterate: number }
  | { type: 'stopPlay' }
  | { type: 'generate'; generate: Generate }
  | { type: 'stopGenerate' }
  /** `left`: digits that were typed ahead and not taken. */
  | { type: 'exit'; exit: DialogExit; left: string }
  | { type: 'start'; timer: 'FirstDigit' | 'InterDigit'; after: number }
  | { type: 'stop'; timer: 'FirstDigit' }

export type MsmlDialog = DialogContent & {
  /** What has been collected; while a play cannot be interrupted, what was typed ahead. */
  readonly digits: string
  readonly playEnd?: PlayEnd
}

type Next = Step<State, MsmlDialog, Effect>

export const msmlDialog: Machine<State, Input, MsmlDialog, Effect> = {
  name: 'msml-dialog',
  timers: { FirstDigit: ['Collecting'], InterDigit: ['Collecting'] },
  states: {
    Playing: {
      digit: (dialog, { digit }) => digitWhilePlaying(dialog, digit),
      played: (dialog) => playEnded(dialog, 'play.complete', dialog.digits),
      terminate: (dialog) =>
        exited({ ...dialog, digits: '', playEnd: 'play.terminated' }, 'dtmf.terminated', '', [{ type: 'stopPlay' }]),
    },
    Collecting: {
      digit: (dialog, { digit }) => collect(dialog, digit, []),
      timerFirstDigit: (dialog) => exited(dialog, 'dtmf.noinput'),
      timerInterDigit: (dialog) => exited(dialog, isEnough(dialog) ? 'dtmf.match' : 'dtmf.nomatch'),
      terminate: (dialog) => exited(dialog, 'dtmf.terminated'),
    },
    Generating: {
      generated: (dialog, { sent }) => generated(dialog, sent ? 'dtmfgen.complete' : 'dtmfgen.terminated'),
      terminate: (dialog) => generated(dialog, 'dtmfgen.terminated', [{ type: 'stopGenerate' }]),
      // Somebody else's digits.
      digit: (dialog) => ({ state: 'Generating', data: dialog, effects: [] }),
    },
    Exited: {},
  },
}

/** The first step; `typed` are the digits that came before it, for a collect that does not forget them. */
export function beginDialog(content: DialogContent, typed: string): Next {
  const dialog: MsmlDialog = { ...content, digits: '' }
  if (content.generate) {
    return { state: 'Generating', data: dialog, effects: [{ type: 'generate', generate: content.generate }] }
  }
  const kept = content.collect?.clear === false ? typed : ''
  if (!content.play) return beginCollect(dialog, kept, [])
  if (content.play.barge && kept !== '') return playEnded(dialog, 'play.complete.barge', kept)
  const { prompts, iterate } = content.play
  return { state: 'Playing', data: { ...dialog, digits: kept }, effects: [{ type: 'play', prompts, iterate }] }
}

function digitWhilePlaying(dialog: MsmlDialog, digit: string): Next {
  if (dialog.play?.barge) return playEnded(dialog, 'play.complete.barge', digit, [{ type: 'stopPlay' }])
  const digits = dialog.collect?.clear === false ? dialog.digits + digit : ''
  return { state: 'Playing', data: { ...dialog, digits }, effects: [] }
}

function playEnded(dialog: MsmlDialog, playEnd: PlayEnd, typed: string, effects: readonly Effect[] = []): Next {
  const data: MsmlDialog = { ...dialog, playEnd, digits: '' }
  if (data.collect) return beginCollect(data, typed, effects)
  return { state: 'Exited', data, effects: [...effects, { type: 'exit', exit: { play: playEnd }, left: '' }] }
}

/** The first digit timer counts from the end of the play. */
function beginCollect(dialog: MsmlDialog, typed: string, effects: readonly Effect[]): Next {
  if (typed !== '') return collect(dialog, typed, effects)
  const after = timeouts(dialog).firstDigitTimeout
  return { state: 'Collecting', data: dialog, effects: [...effects, { type: 'start', timer: 'FirstDigit', after }] }
}

/** Takes digits one after the other until the pattern has what it wants. */
function collect(dialog: MsmlDialog, typed: string, effects: readonly Effect[]): Next {
  let { digits } = dialog
  const { max, returnKey } = timeouts(dialog)
  for (let at = 0; at < typed.length; at += 1) {
    const digit = typed[at] ?? ''
    const isReturn = digit === returnKey
    if (!isReturn) digits += digit
    const data = { ...dialog, digits }
    const left = typed.slice(at + 1)
    if (isReturn) return exited(data, isEnough(data) ? 'dtmf.match' : 'dtmf.nomatch', left, effects)
    if (digits.length >= max) return exited(data, 'dtmf.match', left, effects)
  }
  const { interDigitTimeout } = timeouts(dialog)
  return {
    state: 'Collecting',
    data: { ...dialog, digits },
    effects: [
      ...effects,
      { type: 'stop', timer: 'FirstDigit' },
      { type: 'start', timer: 'InterDigit', after: interDigitTimeout },
    ],
  }
}

const isEnough = (dialog: MsmlDialog): boolean => dialog.digits.length >= timeouts(dialog).min

const timeouts = ({ collect }: MsmlDialog): Collect => {
  if (collect === undefined) throw new TypeError('a dialog without a collect collects')
  return collect
}

function exited(dialog: MsmlDialog, end: CollectEnd, left = '', effects: readonly Effect[] = []): Next {
  const exit: DialogExit = {
    ...(dialog.playEnd ? { play: dialog.playEnd } : {}),
    ...(dialog.collect ? { digits: dialog.digits, collect: end } : {}),
  }
  return { state: 'Exited', data: dialog, effects: [...effects, { type: 'exit', exit, left }] }
}

const generated = (dialog: MsmlDialog, end: GenerateEnd, effects: readonly Effect[] = []): Next => ({
  state: 'Exited',
  data: dialog,
  effects: [...effects, { type: 'exit', exit: { generate: end }, left: '' }],
})
