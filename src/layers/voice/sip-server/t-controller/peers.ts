/** The T-Controllers of the other nodes, as this one speaks to them; `mesh/` carries it over links. */
import type { AddressState } from '#protocols/tlib/attributes.ts'
import type { DeviceEvent, OwnerEvent } from '#protocols/tlib/events.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import type { Requester } from '../requester.ts'
import type { SeizeOutcome, SeizeReply, SeizeRequest } from '../session-controller/ports.ts'
import type { Seizure } from './dn.ts'

export type Release = { readonly dn: string; readonly connID: string; readonly outcome: SeizeOutcome }
export type Move = { readonly dn: string; readonly connID: string; readonly to: string }

/** How another node is: `gone` when it is neither reached nor announced, so that its calls have ended with it. */
export type PeerState = 'linked' | 'unreachable' | 'gone'

export interface Peers {
  state(node: string): PeerState
  /** The name of the node with this number in its ConnIDs. */
  numbered(number: number): string | undefined
  /** Asks the owner; `undefined` where no answer came. */
  seize(node: string, request: SeizeRequest, reply: (reply: SeizeReply | undefined) => void): void
  release(node: string, release: Release): void
  move(node: string, move: Move): void
  /** Asks the call's node; `undefined` where no answer came. */
  holds(node: string, connID: string, dn: string, reply: (holds: boolean | undefined) => void): void
  withdraw(node: string, connID: string, dn: string): void
  /** Tells a new owner of the calls here that the DN has. */
  adopt(node: string, dn: string, seizures: readonly Seizure[]): void
  /** Passes a request on; the requester gets what comes back, or an EventError. */
  request(node: string, request: Request, requester: Requester): void
  /** An event of a call here, for the clients at the DN's owner. */
  relay(node: string, event: DeviceEvent, requester: Requester | undefined): void
  /** Tells everybody how a DN of ours is now, with the event that made it so. */
  broadcast(address: AddressState, event: OwnerEvent, requester: Requester | undefined): void
}
