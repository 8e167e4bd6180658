/**
 * EventRouteRequest goes to one router; it is kept until the call leaves the routing point, and told again, as it was,
 * to another router when the first is lost, or to the first that registers.
 */
import type { DeviceEvent, EventOf } from '#protocols/tlib/events.ts'
import { Published } from '#protocols/tlib/published.ts'
import type { Client } from '#protocols/tlib/server.ts'
import { everyDN, type Subscribers } from './subscribers.ts'

type Kept = { readonly published: Published; readonly dn: string; router: Client | undefined }

export class RouteRequests {
  private readonly routers: Subscribers
  private readonly kept = new Map<string, Kept>()

  constructor(routers: Subscribers) {
    this.routers = routers
  }

  /** Calls that wait for a router's answer, or for a router. */
  get size(): number {
    return this.kept.size
  }

  request(event: EventOf<'EventRouteRequest'>, published: Published): void {
    const kept: Kept = { published, dn: event.thisDN, router: undefined }
    this.kept.set(keyOf(event), kept)
    this.give(kept)
  }

  /** Any other event at a routing point. */
  follow(event: DeviceEvent): void {
    if (event.thisDN !== event.thisQueue) return
    if (event.name === 'EventDiverted' || event.name === 'EventAbandoned' || event.name === 'EventReleased')
      this.kept.delete(keyOf(event))
    else if (event.name === 'EventPartyChanged') this.rename(event)
  }

  registered(dn: string): void {
    for (const kept of this.kept.values())
      if (kept.router === undefined && (dn === everyDN || dn === kept.dn)) this.give(kept)
  }

  /** Call it when the router is no subscriber any more. */
  lost(router: Client): void {
    for (const kept of this.kept.values())
      if (kept.router === router) {
        kept.router = undefined
        this.give(kept)
      }
  }

  /** What this router has not answered: told again after events were dropped for it. */
  repeat(router: Client): void {
    for (const kept of this.kept.values()) if (kept.router === router) router.tell(kept.published)
  }

  private give(kept: Kept): void {
    const routers = this.routers.registeredFor(kept.dn)
    const event = kept.published.event as DeviceEvent
    kept.router = routers[Number.parseInt(event.connID.slice(-8), 16) % Math.max(1, routers.length)]
    kept.router?.tell(kept.published)
  }

  /** After a transfer the call waits under its new ConnID. */
  private rename(event: EventOf<'EventPartyChanged'>): void {
    const { thisDN, previousConnID } = event
    if (previousConnID === undefined || previousConnID === event.connID) return
    const kept = this.kept.get(keyOf({ thisDN, connID: previousConnID }))
    if (!kept) return
    this.kept.delete(keyOf({ thisDN, connID: previousConnID }))
    const { connID, callUUID, callType } = event
    const request = { ...(kept.published.event as DeviceEvent), connID, callUUID, callType, previousConnID }
    this.kept.set(keyOf(event), { ...kept, published: new Published(request as EventOf<'EventRouteRequest'>) })
  }
}

const keyOf = ({ thisDN, connID }: { thisDN: string; connID: string }): string => `${connID} ${thisDN}`
