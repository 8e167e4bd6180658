/** What T-Controllers say to each other over a link of the mesh: one JSON object a frame. */
import type { AddressState } from '#protocols/tlib/attributes.ts'
import type { DeviceEvent, OwnerEvent } from '#protocols/tlib/events.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import type { Mailbox } from '../notifier/mailboxes.ts'
import type { SeizeReply, SeizeRequest } from '../session-controller/ports.ts'
import type { Seizure } from '../t-controller/dn.ts'
import type { Move, Release } from '../t-controller/peers.ts'

export type Frame =
  /** The first one: every DN of the sender's. */
  | { type: 'snapshot'; addresses: AddressState[] }
  /** A DN of the sender's changed, and the event that tells it; `answers` a request the receiver passed on. */
  | { type: 'state'; address: AddressState; event: OwnerEvent; answers?: number }
  /** Mailboxes as the sender knows them: those of which it is told, and at the beginning all. */
  | { type: 'mailboxes'; mailboxes: Mailbox[] }
  | { type: 'seize'; id: number; request: SeizeRequest }
  | { type: 'seized'; id: number; reply: SeizeReply }
  | { type: 'release'; release: Release }
  | { type: 'move'; move: Move }
  | { type: 'holds'; id: number; connID: string; dn: string }
  | { type: 'held'; id: number; holds: boolean }
  | { type: 'withdraw'; connID: string; dn: string }
  | { type: 'adopt'; dn: string; seizures: Seizure[] }
  | { type: 'request'; id: number; request: Request }
  | { type: 'answer'; id: number; event: object }
  | { type: 'refuse'; id: number; error: string | number; particulars?: string }
  /** An event of a call of the sender's at a DN of the receiver's; `answers` a request the receiver passed on. */
  | { type: 'event'; event: DeviceEvent; answers?: number }

export const frameOf = (frame: Frame): Buffer => Buffer.from(JSON.stringify(frame))

export const readFrame = (bytes: Buffer): Frame => JSON.parse(bytes.toString()) as Frame
