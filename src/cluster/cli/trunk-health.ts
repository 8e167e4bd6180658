/** The health of a trunk as commands show it. */
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'

/** `up`, or why not; where proxies differ, of how many. */
export function health(proxies: readonly TrunkAtProxy[]): string {
  const down = proxies.filter(({ health }) => health.state === 'down')
  const [first] = down
  if (first === undefined) return proxies.some(({ health }) => health.state === 'up') ? 'up' : 'unknown'
  const some = down.length < proxies.length ? ` from ${down.length} of ${proxies.length} proxies` : ''
  return `down${some}: ${first.health.reason}`
}
