/** Treatments of T-Library as what the media server plays and collects (MSML, decision record 0004). */
import { type DialogContent, isPromptName, longestTimeout, type Play } from '#protocols/media/msml/msml.ts'
import type { KeyValueList, TreatmentType } from '#protocols/tlib/attributes.ts'

export type Treatment = {
  /** Numbers the treatments of a call; names the dialog on the media server. */
  readonly n: number
  readonly type: TreatmentType
  readonly parameters: KeyValueList
  readonly token?: number | undefined
  /** What the time it takes is in the records; who leaves then has abandoned that. */
  readonly kind: 'greeting' | 'ivr' | 'queue'
  /** It ends by itself, with EventTreatmentEnd. */
  readonly finite: boolean
}

const kinds: Partial<Record<TreatmentType, Pick<Treatment, 'kind' | 'finite'>>> = {
  Music: { kind: 'queue', finite: false },
  Silence: { kind: 'queue', finite: false },
  RingBack: { kind: 'queue', finite: false },
  PlayAnnouncement: { kind: 'greeting', finite: true },
  PlayAnnouncementAndDigits: { kind: 'ivr', finite: true },
  CollectDigits: { kind: 'ivr', finite: true },
}

/** What the type means here; none where it is not built. */
export const kindOf = (type: TreatmentType): Pick<Treatment, 'kind' | 'finite'> | undefined => kinds[type]

export const dialogName = ({ n }: Pick<Treatment, 'n'>): string => `t${n}`

/** `silence`: nothing is to be played; text: what is wrong with the parameters. */
export function contentOf({ type, parameters }: Treatment): DialogContent | 'silence' | string {
  if (type === 'Silence') return 'silence'
  const prompts = promptsOf(type, parameters)
  if (typeof prompts === 'string') return prompts
  const play: Play = { prompts, iterate: repeats(type, parameters), barge: parameters.bargeIn === true }
  if (type === 'CollectDigits')
    return prompts.length > 0 ? { play, collect: collectOf(parameters) } : { collect: collectOf(parameters) }
  return type === 'PlayAnnouncementAndDigits' ? { play, collect: collectOf(parameters) } : { play }
}

const standard: Partial<Record<TreatmentType, string>> = { Music: 'music', RingBack: 'ringback' }

function promptsOf(type: TreatmentType, { prompt = standard[type] }: KeyValueList): string[] | string {
  if (prompt === undefined) return type === 'CollectDigits' ? [] : 'a prompt is missing'
  const names = Array.isArray(prompt) ? prompt : [prompt]
  const wrong = names.find((name) => typeof name !== 'string' || !isPromptName(name))
  return wrong === undefined ? (names as string[]) : `${JSON.stringify(wrong)} is not the name of a prompt`
}

function repeats(type: TreatmentType, { iterate }: KeyValueList): number {
  if (type === 'Music' || type === 'RingBack') return Number.POSITIVE_INFINITY
  return within(iterate, 1, 1000, 1)
}

function collectOf(parameters: KeyValueList): NonNullable<DialogContent['collect']> {
  const max = within(parameters.maxDigits, 1, 64, 1)
  const returnKey = parameters.terminationDigit
  return {
    min: within(parameters.minDigits, 1, max, 1),
    max,
    ...(typeof returnKey === 'string' && /^[0-9A-D*#]$/.test(returnKey) && { returnKey }),
    firstDigitTimeout: within(parameters.firstDigitTimeout, 100, longestTimeout, 10_000),
    interDigitTimeout: within(parameters.interDigitTimeout, 100, longestTimeout, 4000),
    clear: parameters.keepDigits !== true,
  }
}

const within = (value: unknown, min: number, max: number, otherwise: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? Math.min(max, Math.max(min, Math.trunc(value))) : otherwise
