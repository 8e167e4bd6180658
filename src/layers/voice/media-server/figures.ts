/** What the RTP threads count, as metrics. */
import type { Metrics, Sample } from '#platform/metrics/metrics.ts'
import type { DropReason, Figures } from './rtp/channel.ts'
import type { RtpFarm } from './rtp-farm.ts'

const reasons: readonly DropReason[] = ['source', 'malformed', 'security', 'payload', 'direction', 'late']

/** The threads keep the totals, so they are read at each scrape instead of being counted here again. */
export function countRtp(metrics: Metrics, farm: RtpFarm): void {
  const sum = (one: (figures: Figures) => number) => farm.figures().reduce((total, figures) => total + one(figures), 0)
  metrics.gauge<'direction'>('rtp_packets', 'RTP packets since the start', () => [
    { labels: { direction: 'in' }, value: sum((figures) => figures.received) },
    { labels: { direction: 'out' }, value: sum((figures) => figures.sent) },
  ])
  metrics.gauge<'reason'>('rtp_dropped', 'RTP packets that came and were not used, since the start', () =>
    reasons.map((reason): Sample<'reason'> => ({ labels: { reason }, value: sum(({ dropped }) => dropped[reason]) })),
  )
  metrics.gauge('rtp_ticks_late', 'Ticks that began more than 10 ms late, since the start', () =>
    sum((figures) => figures.lateTicks),
  )
  metrics.gauge('rtp_ticks_lost', 'Ticks left out after a standstill, since the start', () =>
    sum((figures) => figures.lostTicks),
  )
  metrics.gauge('rtp_legs', 'Legs that have an RTP port', () => farm.legs)
}
