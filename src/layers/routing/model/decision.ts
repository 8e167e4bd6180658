/** What a call's ladder tells of routing: who was chosen, of whom, and why; what the strategy did; what went wrong. */
export type RoutingRecord = {
  readonly callUUID: string
  readonly connID: string
  /** Wall-clock ms. */
  readonly at: number
  readonly queue: string
  readonly kind: 'strategy' | 'chosen' | 'refused' | 'default-route' | 'failed'
  /** One sentence for people. */
  readonly text: string
  readonly details?: Readonly<Record<string, unknown>>
}
