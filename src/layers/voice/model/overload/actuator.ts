/**
 * Keeps back the share of new calls that one node does not want (RFC 6357's actuator, RFC 7339 §6). Which ones is counted
 * out, not diced: of ten with a share of 0.3 every third or fourth, so that what gets through is as even as what came.
 */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Feedback } from './feedback.ts'

export class Actuator {
  private readonly clock: Clock
  private told: Feedback = { reduction: 0, validity: 0 }
  private toldAt = 0
  /** Of a call that is to be kept back: as much as those before have left over. */
  private owed = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  hear(feedback: Feedback): void {
    this.told = feedback
    this.toldAt = this.clock.monotonic()
  }

  /** Of 1; 0 when what was told is too old. */
  get reduction(): number {
    const { reduction, validity } = this.told
    return reduction > 0 && this.clock.monotonic() - this.toldAt < validity ? reduction : 0
  }

  /** Whether one more new call goes there. Asked once for each. */
  takes(): boolean {
    const { reduction } = this
    if (reduction === 0) return true
    this.owed += reduction
    if (this.owed < 1) return true
    this.owed -= 1
    return false
  }

  /** Another instance of the node is there, which has said nothing yet. */
  forget(): void {
    this.hear({ reduction: 0, validity: 0 })
  }
}
