/** What the network does to what goes from one host to another, each direction for itself. */

export type Link = {
  /** Milliseconds, drawn anew for each packet; unequal bounds let datagrams overtake each other. */
  readonly delay: readonly [from: number, to: number]
  /** Probability that a datagram is lost, or that a TCP segment has to be sent again. */
  readonly loss: number
  /** Probability that a datagram comes twice. */
  readonly duplication: number
  /** Probability that TCP cuts what was written somewhere. */
  readonly split: number
  /** Nothing passes; TCP waits. */
  readonly cut: boolean
}

const calm: Link = { delay: [0.5, 0.5], loss: 0, duplication: 0, split: 0, cut: false }
const inside: Link = { ...calm, delay: [0.05, 0.05] }

export class Links {
  readonly #links = new Map<string, Link>()
  #usual: Link = calm
  readonly #healed: () => void

  constructor(healed: () => void) {
    this.#healed = healed
  }

  between(from: string, to: string): Link {
    return this.#links.get(`${from}>${to}`) ?? (from === to ? inside : this.#usual)
  }

  /** Every link between different hosts that is not set for itself. */
  usual(change: Partial<Link>): void {
    this.#usual = { ...this.#usual, ...change }
    this.#healed()
  }

  /** One direction. */
  set(from: string, to: string, change: Partial<Link>): void {
    this.#links.set(`${from}>${to}`, { ...this.between(from, to), ...change })
    this.#healed()
  }

  /** Nothing passes between the two sides, in neither direction. */
  partition(one: readonly string[], other: readonly string[]): void {
    this.#setAll(one, other, true)
  }

  heal(one: readonly string[], other: readonly string[]): void {
    this.#setAll(one, other, false)
  }

  #setAll(one: readonly string[], other: readonly string[], cut: boolean): void {
    for (const a of one) {
      for (const b of other) {
        this.set(a, b, { cut })
        this.set(b, a, { cut })
      }
    }
  }
}
