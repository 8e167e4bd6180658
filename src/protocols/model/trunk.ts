/** What follows from what a trunk says, and from what it leaves unsaid. */
import type { Rewrite, Trunk } from './objects.ts'

type Places = {
  readonly domain?: string
  readonly destination?: string
  readonly registration?: { readonly registrars?: readonly string[] }
}

/** Where calls go out to, the first one first: `host` or `host:port`. */
export const serversOf = ({ destination, registration }: Places): readonly string[] =>
  destination === undefined ? (registration?.registrars ?? []) : [destination]

/** Where a registering trunk registers; none where it does not. */
export function registrarsOf({ destination, registration }: Places): readonly string[] {
  if (registration === undefined) return []
  const { registrars = [] } = registration
  return registrars.length > 0 || destination === undefined ? registrars : [destination]
}

/** The host of addresses at the provider, without a port; '' where nothing says one. */
export const domainOf = (places: Places): string =>
  places.domain ?? (serversOf(places)[0] ?? registrarsOf(places)[0] ?? '').replace(/:\d+$/, '')

/** The host part of what is called there: the port is written where the trunk names no domain. */
export const hostOf = (trunk: Trunk): string => trunk.domain ?? serversOf(trunk)[0] ?? ''

/** By the first rule that fits; as it is where none does. */
export function rewritten(rules: readonly Rewrite[], number: string): string {
  const rule = rules.find(
    ({ prefix, length }) => number.startsWith(prefix) && (length === undefined || length === number.length),
  )
  return rule === undefined ? number : rule.replace + number.slice(rule.prefix.length)
}
