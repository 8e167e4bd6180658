/** What the elements of the routing modules do (`shapes.ts` says which attributes they have). */
import { milliseconds, StrategyError } from '../scxml/interpreter.ts'
import type { StrategySession } from '../strategy-session.ts'

type Action = { readonly attributes: Readonly<Record<string, string>>; readonly targets: readonly string[] }

export const actions: Readonly<Record<string, (session: StrategySession, action: Action) => void>> = {
  'dialog:play': (session, { attributes }) =>
    session.treat(
      { treatmentType: 'PlayAnnouncement', treatmentParameters: { prompt: attributes.prompt } },
      'dialog.play',
    ),

  'dialog:music': (session, { attributes }) => {
    const { prompt } = attributes
    if (prompt) session.treat({ treatmentType: 'Music', treatmentParameters: { prompt } })
    else session.treat({ treatmentType: 'Silence', treatmentParameters: {} })
  },

  'dialog:playandcollect': (session, { attributes }) => {
    const firstDigitTimeout = time(attributes.timeout) ?? 10_000
    const treatmentParameters = {
      prompt: attributes.prompt,
      minDigits: 1,
      maxDigits: Number(attributes.maxdigits ?? '1'),
      firstDigitTimeout,
      bargeIn: true,
    }
    session.treat({ treatmentType: 'PlayAnnouncementAndDigits', treatmentParameters }, 'dialog.playandcollect')
  },

  'queue:submit': (session, { attributes, targets }) => {
    const priority = Number(attributes.priority ?? '0')
    if (Number.isFinite(priority)) session.submit(Math.trunc(priority), time(attributes.timeout), targets)
    else session.raise('error.queue.submit', { message: `priority "${attributes.priority}" is no number` })
  },

  'queue:cancel': (session) => session.withdraw(),

  'ixn:redirect': (session, { attributes }) => session.redirect(attributes.destination ?? ''),

  'ixn:attach': (session, { attributes }) => session.attach(attributes.key ?? '', attributes.value ?? ''),
}

/** Milliseconds; none where nothing, or nothing that is a time, was written. */
function time(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return milliseconds(text)
  } catch (error) {
    if (error instanceof StrategyError) return undefined
    throw error
  }
}
