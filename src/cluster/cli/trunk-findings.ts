/** What the test of a trunk and its last calls mean, and what to do: a decision over what was found, without effects. */
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import { numberPattern } from '#protocols/model/number-pattern.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { registrarsOf, serversOf } from '#protocols/model/trunk.ts'
import type { Finding } from './doctor-command.ts'

export type Examined = {
  readonly trunk: Trunk
  readonly proxies: readonly TrunkAtProxy[]
  /** One fault for each server, '' for a good one, as a proxy would find it; none where there is no TLS. */
  readonly tls: readonly string[]
  /** The last interactions of the cluster, the newest first. */
  readonly calls: readonly Interaction[]
}

export function trunkFindings(examined: Examined): Finding[] {
  const { trunk } = examined
  return [
    configured(trunk),
    ...(serversOf(trunk).length > 0 ? [names(examined), answer(examined)] : []),
    ...(trunk.transport === 'tls' ? [certificates(examined)] : []),
    ...(trunk.registration === undefined ? [] : [registered(examined)]),
    ...(serversOf(trunk).length > 0 ? [calls(examined), audio(examined)] : []),
  ]
}

const ok = (check: string, found: string): Finding => ({ check, verdict: 'ok', found })
const failed = (check: string, found: string, remedy: string): Finding => ({ check, verdict: 'failed', found, remedy })
const warning = (check: string, found: string, remedy: string): Finding => ({
  check,
  verdict: 'warning',
  found,
  remedy,
})

function configured(trunk: Trunk): Finding {
  const check = 'configuration'
  const outwards = serversOf(trunk).length > 0
  const inwards = trunk.sources.length > 0 || trunk.registration !== undefined || trunk.transport === 'tls'
  if (!outwards && !inwards) return failed(check, 'it leads nowhere', 'give it a destination, or sources')
  if (outwards && trunk.numbers.length === 0) return warning(check, 'no number goes out by it', 'give it numbers')
  const ways = [...(outwards ? [`out to ${serversOf(trunk).join(', ')}`] : []), ...(inwards ? ['in'] : [])]
  return ok(check, `calls go ${ways.join(' and ')}`)
}

const isOfNames = (reason: string): boolean => /the DNS|look up|name server/.test(reason)

/** A name that leads nowhere, or name servers that do not answer. */
function names({ trunk, proxies }: Examined): Finding {
  const check = 'name (DNS)'
  const fault = proxies.map(({ health }) => health.reason).find(isOfNames)
  if (proxies.length === 0) return failed(check, 'no proxy has tested it', 'see "ringmain doctor"')
  if (fault !== undefined) {
    const remedy = `compare with: dig SRV ${srvName(trunk)}; ask whoever runs the name servers of the proxies`
    return failed(check, fault, remedy)
  }
  const servers = [...new Set(proxies.flatMap((proxy) => proxy.servers))]
  return ok(check, servers.join(', '))
}

const srvName = (trunk: Trunk): string => {
  const [host = ''] = serversOf(trunk)
  return `${trunk.transport === 'tls' ? '_sips._tcp' : `_sip._${trunk.transport}`}.${host.replace(/:\d+$/, '')}`
}

function answer({ trunk, proxies }: Examined): Finding {
  const check = 'answer to OPTIONS'
  const down = proxies.filter(({ health }) => health.state !== 'up')
  const [first] = down
  if (first === undefined) {
    const slowest = Math.max(0, ...proxies.map(({ health }) => health.milliseconds ?? 0))
    return ok(check, `from all of ${proxies.length} proxies, in ${slowest} ms at most`)
  }
  const found = `${down.length} of ${proxies.length} proxies: ${first.health.reason || 'not asked yet'}`
  if (isOfNames(first.health.reason)) return failed(check, found, 'first have its name found, see above')
  if (/503/.test(first.health.reason)) return failed(check, found, 'the provider takes no calls now: ask it')
  const port = `its port, ${trunk.transport} and the firewall between; whether the provider knows the addresses of the proxies`
  return failed(check, found, `check ${port}`)
}

function certificates({ tls }: Examined): Finding {
  const check = 'certificate (TLS)'
  const fault = tls.find((text) => text !== '')
  if (fault === undefined) return ok(check, tls.length === 0 ? 'no server to ask' : 'good on every server')
  const remedy = /expired/.test(fault)
    ? 'the provider has to renew its certificate'
    : /does not name/.test(fault)
      ? 'the certificate is of another name: correct the destination, which it has to bear'
      : /self.signed|unable to|issuer/i.test(fault)
        ? 'trust its authority: tls.authorities of the proxies, tls/authorities.pem in the data directory of the demo'
        : 'check the port: TLS has one of its own, mostly 5061'
  return failed(check, fault, remedy)
}

function registered({ trunk, proxies }: Examined): Finding {
  const check = 'registration'
  const found = proxies.find((proxy) => proxy.registration !== undefined)?.registration
  if (found === undefined) return failed(check, 'no proxy registers it', 'see "ringmain doctor"')
  const { state, reason, registrar, since } = found
  if (state === 'registered') return ok(check, `at ${registrar} since ${since}`)
  if (state === 'trying') return warning(check, `${registrar} has not answered yet`, 'try again in some seconds')
  return failed(check, `${registrar}: ${reason}`, registrationRemedy(reason, trunk))
}

function registrationRemedy(reason: string, trunk: Trunk): string {
  const realm = /realm "([^"]*)"/.exec(reason)?.[1]
  if (realm !== undefined)
    return `set credentials.realm to "${realm}" and give the secret again, if that is the provider`
  if (/password/.test(reason)) return 'give credentials.username and secret as the provider wrote them'
  if (/^403/.test(reason)) return 'the account is barred, or not for our address: ask the provider'
  if (/^404/.test(reason)) return 'there is no such account: check credentials.username and domain'
  if (/^423/.test(reason)) return 'ask for a longer time: registration.expires'
  if (/^3\d\d/.test(reason)) return 'it is elsewhere: name that under registration.registrars'
  if (/stale/.test(reason)) return 'the clocks or nonces of the provider do not agree: ask it'
  const others = registrarsOf(trunk).length > 1 ? '' : '; name a second one under registration.registrars'
  return `it will be tried again by itself${others}`
}

/** What the provider said to the last calls out. */
function calls({ trunk, calls: all }: Examined): Finding {
  const check = 'last calls out'
  const patterns = trunk.numbers.flatMap((text) => numberPattern(text) ?? [])
  const ours = all.filter(({ dnis }) => patterns.some((pattern) => pattern.matches(dnis)))
  const refused = ours.filter(({ ending }) => ending?.by === 'carrier' && ending.status !== undefined)
  if (ours.length === 0) return ok(check, 'none of late')
  const status = refused[0]?.ending?.status
  if (status === undefined) return ok(check, `${ours.length}, none refused`)
  const found = `${refused.length} of ${ours.length} refused, the last with ${status}`
  return (refused.length === ours.length ? failed : warning)(check, found, callRemedy(status))
}

function callRemedy(status: number): string {
  if (status === 488 || status === 415 || status === 606)
    return 'no common codec: have the provider take G.711 (PCMA or PCMU)'
  if (status === 401 || status === 407) return 'it asks for a password: add credentials, with its realm'
  if (status === 403)
    return 'it forbids this: check callerID, which it may want to be one of its numbers, and the account'
  if (status === 404 || status === 484 || status === 604) return 'it does not know the number: check rewriteOut'
  if (status === 503) return 'it has no room, or the limits of the trunk are reached'
  return 'ask the provider what it means; ringmain call ladder shows the messages'
}

/** A provider outside cannot send audio to a private address. */
function audio({ proxies }: Examined): Finding {
  const check = 'audio both ways'
  const outside = proxies.flatMap(({ servers }) => servers).some((server) => !isPrivate(server))
  const told = proxies.map(({ facing }) => facing.replace(/^sips?:/, '').replace(/;.*/, '')).filter(isPrivate)
  if (!outside || told.length === 0) return ok(check, 'nothing speaks against it')
  const found = `the provider is told to reach us at ${told[0]}, which it cannot`
  return failed(check, found, 'set advertise of proxies and media servers to the address that the NAT shows')
}

/** RFC 1918, RFC 6598, loopback, link-local; names are not. */
const isPrivate = (address: string): boolean =>
  /^\[?(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1|f[cd]|fe[89ab])/i.test(
    address,
  )
