/**
 * What an overloaded node tells those who send it calls (RFC 7339, loss-based; RFC 6357's feedback): the share of new
 * calls that they are to keep back. It sees only what they let through and reckons from that what there would be else.
 */

/** How much of what would come is to be kept back, 0 to 1 (RFC 7339's `oc`, §6), and for how many ms (§4.3, `oc-validity`). */
export type Feedback = { readonly reduction: number; readonly validity: number }

/** What a node tells its proxies over their link. */
export type NodeNews = { readonly overload?: Feedback }

/**
 * ms: eight decisions, and as long as a node may be silent before nobody sends it calls at all. A node that has too much
 * to do is late; were what it said forgotten meanwhile, everything would come again at once.
 */
export const validity = 2000
/** Something always comes: a node to which nothing comes could not tell whether there is less by now. */
const most = 0.98
/** Of what it can do so much is to come: calls do not come evenly, and what it refuses itself is work. */
const aim = 0.9
/** Decisions until a share shows in what comes, at most: it was on its way, and waited to be read. */
const late = 3
/** Of what was reckoned before so much stays at a decision: a few calls more or less in a quarter of a second are nothing. */
const kept = 0.5

export type Told = {
  /** What is told now. */
  readonly reduction: number
  /** The last shares told, the newest first. */
  readonly lately: readonly number[]
  /** New calls a second that would come were none kept back; undefined: nothing was reckoned yet. */
  readonly offered: number | undefined
}

export const nothingTold: Told = { reduction: 0, lately: [0], offered: undefined }

/** New calls a second. */
export type Seen = {
  /** As many are let in at most; undefined: all. */
  readonly limit: number | undefined
  readonly admitted: number
  readonly refused: number
  /** Of both: those of which nobody keeps any back. */
  readonly unthinned: number
}

/**
 * What to tell after a decision: the share of all that would come that is too much, of which those who heed it have their
 * part. They are not to make room for all that others send. What came is taken to have been thinned by the least of the last shares: to let too many
 * come costs their refusal, to let too few come costs calls that could have been served. Who has to refuse some can do no
 * more than it did, whatever its limit: much may have come at a time.
 */
export function tell({ lately, offered }: Told, { limit, admitted, refused, unthinned }: Seen): Told {
  if (limit === undefined) return nothingTold
  const can = aim * (refused > 0 ? Math.min(limit, admitted) : limit)
  const now = unthinned + (admitted + refused - unthinned) / (1 - Math.min(...lately))
  const average = offered === undefined ? now : kept * offered + (1 - kept) * now
  const reduction = average > can ? Math.min(most, 1 - can / average) : 0
  return { reduction, lately: [reduction, ...lately].slice(0, late), offered: average }
}

/** Of `came` calls that were let through: how many were kept back beside them. */
export const keptBack = ({ reduction }: Told, came: number): number => (came * reduction) / (1 - reduction)

/** From a link: `undefined` where it says nothing that could be followed. */
export function isFeedback(value: unknown): value is Feedback {
  const { reduction, validity } = (value ?? {}) as Partial<Record<keyof Feedback, unknown>>
  return isWithin(reduction, 1) && isWithin(validity, 60_000)
}

const isWithin = (value: unknown, highest: number): boolean =>
  typeof value === 'number' && value >= 0 && value <= highest
