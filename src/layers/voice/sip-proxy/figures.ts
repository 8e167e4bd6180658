/** What a proxy counts. */
import type { Cell, Metrics } from '#platform/metrics/metrics.ts'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import type { DropReason } from '#protocols/sip/core/proxy.ts'
import type { Refusal } from './decision.ts'
import type { Defence, Ignored } from './defence/defence.ts'
import type { Offence } from './defence/sources.ts'
import type { Nodes } from './nodes.ts'
import type { Registrations } from './registrations.ts'

export type Figures = {
  refused(because: Refusal): void
  dropped(reason: DropReason): void
  ignored(why: Ignored): void
  banned(because: Offence): void
  lifted(): void
}

export function figures(metrics: Metrics): Figures {
  const refusals = metrics.counter('sip_proxy_refused_total', 'Requests a proxy refused by itself', ['because'])
  const drops = metrics.counter('sip_proxy_dropped_total', 'Messages a proxy did not route', ['reason'])
  const ignored = metrics.counter('sip_proxy_ignored_total', 'What a proxy did not look at, by why', ['why'])
  const bans = metrics.counter('sip_proxy_bans_total', 'Sources a proxy banned, by what for', ['because'])
  const lifts = metrics.counter('sip_proxy_bans_lifted_total', 'Bans an operator had a proxy lift').of({})
  const cells = new Map<string, Cell>()
  const cell = (name: string, make: () => Cell) => {
    const known = cells.get(name) ?? make()
    cells.set(name, known)
    return known
  }
  return {
    refused: (because) => cell(because, () => refusals.of({ because })).inc(),
    dropped: (reason) => cell(reason, () => drops.of({ reason })).inc(),
    ignored: (why) => cell(`ignored ${why}`, () => ignored.of({ why })).inc(),
    banned: (because) => bans.of({ because }).inc(),
    lifted: () => lifts.inc(),
  }
}

export function gauges(metrics: Metrics, nodes: Nodes, registrations: Registrations, defence: Defence): void {
  metrics.gauge('sip_proxy_banned', 'Sources that are banned by the proxy itself', () => defence.bans.own)
  metrics.gauge('sip_proxy_bans_ordered', 'Sources that operators have banned', () => defence.bans.ordered)
  metrics.gauge('sip_proxy_registrations', 'Addresses-of-record a proxy knows', () => registrations.size)
  metrics.gauge<'node'>('sip_proxy_node_reduction', 'Share of new calls an overloaded node has a proxy keep back', () =>
    nodes.reductions.map(({ node, reduction }) => ({ labels: { node }, value: reduction })),
  )
  metrics.gauge<'state'>('sip_proxy_nodes', 'SIP Server nodes a proxy knows, by state', () =>
    (['new', 'ready', 'draining', 'silent', 'away'] as const).map((state) => ({
      labels: { state },
      value: nodes.count(state),
    })),
  )
}

/** What alarms are made of: trunks as this proxy finds them. */
export function trunkGauges(
  metrics: Metrics,
  trunks: { readonly status: Readonly<Record<string, TrunkAtProxy>> },
): void {
  const each = (isGood: (trunk: TrunkAtProxy) => boolean | undefined) => () =>
    Object.entries(trunks.status).flatMap(([trunk, status]) => {
      const good = isGood(status)
      return good === undefined ? [] : [{ labels: { trunk }, value: good ? 1 : 0 }]
    })
  metrics.gauge<'trunk'>(
    'trunk_up',
    'Whether the servers of a trunk answer this proxy',
    each(({ health }) => (health.state === 'unknown' ? undefined : health.state === 'up')),
  )
  metrics.gauge<'trunk'>(
    'trunk_registered',
    'Whether a trunk that this proxy is to register is registered',
    each(({ registration }) => registration && registration.state === 'registered'),
  )
}
