/** A router's bid for an agent, and which of two bids is the better one. */
export type Bid = {
  /** Under which the request waits for its answer. */
  readonly by: number
  /** Who bids: the client's name and connection. */
  readonly router: string
  readonly connID: string | undefined
  readonly callUUID: string | undefined
  readonly priority: number
  /** RFC 3339, UTC: sorts as text. Empty: none was given. */
  readonly enterTime: string
  readonly reservationID: string
  /** ms for which the agent is kept. */
  readonly timeout: number
}

/** Higher priority, then the call that waits longer; a bid without a time comes last. */
function isBetter(one: Bid, other: Bid): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority
  if (one.enterTime !== other.enterTime)
    return other.enterTime === '' || (one.enterTime !== '' && one.enterTime < other.enterTime)
  return false
}

export const bestOf = (bids: readonly Bid[]): Bid | undefined =>
  bids.reduce<Bid | undefined>((best, bid) => (best === undefined || isBetter(bid, best) ? bid : best), undefined)
