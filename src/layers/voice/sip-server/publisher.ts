/**
 * The one way of an event out of the node: to the T-Controller, which knows the agent and follows the calls, to the
 * clients of the three ports in this turn, into the spool and the ladder, and to the owner of its DN at another node.
 */
import type { Trace } from '#platform/trace/trace.ts'
import type { DeviceEvent, Event, OwnerEvent } from '#protocols/tlib/events.ts'
import { Published } from '#protocols/tlib/published.ts'
import type { Requester } from './requester.ts'
import type { RouteRequests } from './route-requests.ts'
import type { Requester as CallRequester, Publisher } from './session-controller/ports.ts'
import { type Asked, refOf, type Subscribers } from './subscribers.ts'
import type { Peers } from './t-controller/peers.ts'
import type { TController } from './t-controller/t-controller.ts'

export type PublisherOptions = {
  readonly node: string
  readonly trace: Trace
  readonly peers: Peers
  readonly tController: () => TController
  readonly routers: Subscribers
  readonly desktops: Subscribers
  readonly routeRequests: RouteRequests
  /** Into the spool, and to the pools. */
  readonly spool: (published: Published) => void
}

export class NodePublisher implements Publisher<Event> {
  private readonly options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.options = options
  }

  /** An event of a call of this node. */
  publish(event: Event, answers?: CallRequester) {
    const asker = answers as Requester | undefined
    if (!isOnDevice(event)) return this.tell(event, undefined, asker)
    const { tController, peers } = this.options
    this.stamp(event)
    tController().follow(event)
    this.tell(event, event.thisDN, asker)
    const owner = tController().copies.ownerOf(event.thisDN)
    if (owner !== undefined) peers.relay(owner, event, asker)
    if (asker?.remote && asker.remote.node !== owner) asker.answer(event)
  }

  /** An event of an agent or DN that this node owns; an asker elsewhere hears it with all other nodes. */
  own(event: OwnerEvent, asker: Requester | undefined): void {
    this.tell(event, event.thisDN, asker)
  }

  /** An event of another node's call at a DN of ours, or of an agent elsewhere: it is in that node's stream. */
  relayed(event: DeviceEvent | OwnerEvent, asker: Requester | undefined): void {
    const published = new Published(event)
    if (!('ownerEpoch' in event)) this.options.tController().follow(event)
    const told = this.options.desktops.tellRelayed(published, event.thisDN, asker)
    if (!told) asker?.client?.tell(published, refOf(asker))
  }

  private stamp(event: DeviceEvent): void {
    const agentID = this.options.tController().agentOn(event.thisDN)
    if (agentID !== undefined) (event as { agentID?: string }).agentID = agentID
  }

  private tell(event: Event, dn: string | undefined, asker: Asked): void {
    const { routers, desktops, routeRequests, spool } = this.options
    const published = new Published(event)
    let answered = desktops.tell(published, dn, asker)
    if (event.name === 'EventRouteRequest') routeRequests.request(event, published)
    else {
      if (isOnDevice(event)) routeRequests.follow(event)
      answered = routers.tell(published, dn, asker) || answered
    }
    spool(published)
    if (!answered) asker?.client?.tell(published, refOf(asker))
    this.note(event, published)
  }

  /** The ladder shows what devices and agents were told; the call-based events say the same once more. */
  private note(event: Event, published: Published): void {
    if (!('callUUID' in event) || event.callUUID === undefined || !('thisDN' in event) || 'cSeq' in event) return
    const { trace, node } = this.options
    trace.note(event.callUUID, 'event', node, event.thisDN ?? node, published.bytes)
  }
}

const isOnDevice = (event: Event): event is DeviceEvent => 'thisDNRole' in event && 'connID' in event
