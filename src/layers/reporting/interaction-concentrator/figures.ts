/** What the concentrator counts. */
import type { Metrics } from '#platform/metrics/metrics.ts'

export interface Figures {
  stored(events: number, missing: number, conflicts: number): void
}

export function figures(metrics: Metrics, waiting: () => number): Figures {
  const events = metrics.counter('reporting_events_total', 'Events stored, and those known already')
  const lost = metrics.counter('reporting_events_missing_total', 'Events whose numbers were left out')
  const twice = metrics.counter('reporting_event_conflicts_total', 'Events whose number had another body before')
  metrics.gauge('reporting_events_waiting', 'Events received and not yet stored', waiting)
  return {
    stored(count, missing, conflicts) {
      events.inc(count)
      lost.inc(missing)
      twice.inc(conflicts)
    },
  }
}
