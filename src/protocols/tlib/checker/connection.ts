/** Invariants 11 and 13 of one connection: `seq` steps by one, each request has one first answer. */
import type { Event } from '../events.ts'
import type { Request } from '../requests.ts'
import type { Report } from './world.ts'

export function connectionRules(report: Report) {
  let lastSeq: number | undefined
  const asked = new Map<number, string>()
  const answered = new Map<number, string>()
  let knowsRequests = false

  const answers = (event: Event, refID: number) => {
    const before = answered.get(refID)
    if (before !== undefined) return report(13, `refID ${refID} was answered before, by ${before}`)
    if (knowsRequests && !asked.has(refID)) return report(13, `refID ${refID} was never asked`)
    asked.delete(refID)
    answered.set(refID, event.name)
  }

  return {
    request(request: Request): void {
      knowsRequests = true
      if (request.refID === undefined) return
      answered.delete(request.refID)
      asked.set(request.refID, request.name)
    },
    event(event: Event & { seq?: number }): void {
      if (event.seq !== undefined) {
        if (lastSeq !== undefined && event.seq !== lastSeq + 1) report(11, `seq ${event.seq} follows ${lastSeq}`)
        lastSeq = event.seq
      }
      if ('refID' in event && event.refID !== undefined) answers(event, event.refID)
    },
    end(): void {
      for (const [refID, name] of asked) report(13, `${name} with refID ${refID} was never answered`)
    },
    /** A new connection numbers from the start; what was asked on the old one has an unknown outcome. */
    interrupted(): void {
      lastSeq = undefined
      asked.clear()
      answered.clear()
    },
  }
}
