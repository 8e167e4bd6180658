/** What holds of a call after each step, as the imagined world sees it from outside: nobody waits in vain, each leg is told. */
import type { Call, Leg } from './call.ts'
import type { Session } from './imagined-session.fixture.ts'

/** What is wrong. `holds`: requests to hold or to retrieve that wait for their answer. */
export function broken(call: Call, sessions: Iterable<Session>, holds: Iterable<number>): string[] {
  const legs = Object.values(call.legs)
  const exchanges = legs.flatMap(({ exchange }) => (exchange ? [exchange] : []))
  const passed = exchanges.map((exchange) => exchange.why === 'pass' && exchange.from)
  const asked = exchanges.map((exchange) => 'token' in exchange && exchange.token)
  return [
    ...[...sessions].flatMap(({ leg, offering }) =>
      offering && !passed.includes(leg) ? [`nobody answers the offer of ${leg}`] : [],
    ),
    ...[...holds].flatMap((token) => (asked.includes(token) ? [] : [`nobody answers request ${token}`])),
    ...legs.flatMap((leg) => (isTold(call, leg) ? [] : [`${leg.id} is not told of its peer`])),
  ]
}

/** How often each is told of a peer that answers with another address every time. */
const mostRetold = 2

/** An established leg with which no exchange goes on sends to where its peer is, which sends to it; unless one holds. */
function isTold(call: Call, leg: Leg): boolean {
  const peer = call.legs[leg.peer ?? '']
  if (leg.state !== 'Up' || leg.exchange || peer?.remote === undefined) return true
  if (leg.stale) return false
  if (leg.holds || peer.holds) return true
  const isBounded = (leg.retold ?? 0) >= mostRetold
  return peer.state !== 'Up' || peer.peer !== leg.id || isBounded || audioAt(leg.local) === audioAt(peer.remote)
}

const audioAt = (text = ''): string => `${/\nc=IN IP[46] (\S+)/.exec(text)?.[1]}:${/\nm=audio (\d+)/.exec(text)?.[1]}`
