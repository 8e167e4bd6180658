/**
 * A Session Controller by script: a test says what happens to a call, and it seizes, publishes and releases as the real
 * one does. What it was asked is kept.
 */

import type {
  Requester,
  SeizePurpose,
  SeizeReply,
  SessionController,
  SessionControllerOptions,
} from '#layers/voice/sip-server/session-controller/ports.ts'
import { timestamp } from '#platform/time.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import { connIDs } from '#protocols/tlib/conn-id.ts'
import type { DeviceEvent, Event } from '#protocols/tlib/events.ts'
import type { Request } from '#protocols/tlib/requests.ts'

type Extra = Record<string, unknown>

export class ScriptedCalls implements SessionController<Request> {
  readonly options: SessionControllerOptions<Event>
  readonly asked: { request: Request; requester: Requester }[] = []
  readonly withdrawn: string[] = []
  /** `connID dn` of what it says it holds. */
  readonly held = new Set<string>()
  readonly nextConnID: () => string
  active = 0
  /** How it answers requests; none: it keeps them. */
  onRequest: ((request: Request, requester: Requester) => void) | undefined

  constructor(options: SessionControllerOptions<Event>) {
    this.options = options
    this.nextConnID = connIDs(options.node.number, options.node.epoch)
  }

  call(callType: 'Internal' | 'Inbound' = 'Inbound'): ScriptedCall {
    return new ScriptedCall(this, callType)
  }

  invited(_session: IncomingSession): SessionUser {
    throw new Error('a scripted Session Controller takes no SIP')
  }
  request(request: Request, requester: Requester): void {
    this.asked.push({ request, requester })
    this.onRequest?.(request, requester)
  }
  holds(connID: string, dn: string): boolean {
    return this.held.has(`${connID} ${dn}`)
  }
  withdraw(connID: string, dn: string): void {
    this.withdrawn.push(`${connID} ${dn}`)
  }
  async drain(): Promise<void> {}
  async stop(): Promise<void> {}
}

export class ScriptedCall {
  readonly connID: string
  readonly callUUID: string
  private readonly calls: ScriptedCalls
  private readonly callType: string
  private eventNo = 0

  constructor(calls: ScriptedCalls, callType: string) {
    this.calls = calls
    this.callType = callType
    this.connID = calls.nextConnID()
    this.callUUID = `call-${this.connID}`
  }

  seize(dn: string, purpose: SeizePurpose, reservation?: string): Promise<SeizeReply> {
    const { connID, callUUID } = this
    return new Promise((resolve) => {
      const taken = (reply: SeizeReply) => {
        if (reply.granted) this.calls.held.add(`${connID} ${dn}`)
        resolve(reply)
      }
      const request = { dn, connID, callUUID, purpose, ...(reservation !== undefined && { reservation }) }
      this.calls.options.ports.owners.seize(request, taken)
    })
  }

  release(
    dn: string,
    outcome: Parameters<SessionControllerOptions<Event>['ports']['owners']['release']>[0]['outcome'],
  ) {
    this.calls.held.delete(`${this.connID} ${dn}`)
    this.calls.options.ports.owners.release({ dn, connID: this.connID, outcome })
  }

  /** An event of the call on a device, e.g. `tell('Ringing', '1001')`. */
  tell(short: string, dn: string, extra: Extra = {}, answers?: Requester): DeviceEvent {
    this.eventNo += 1
    const event = {
      name: `Event${short}`,
      time: timestamp(this.calls.options.runtime.clock.wall()),
      connID: this.connID,
      callUUID: this.callUUID,
      callType: this.callType,
      eventNo: this.eventNo,
      thisDN: dn,
      thisDNRole: 'Destination',
      ...extra,
    } as DeviceEvent
    this.calls.options.ports.publisher.publish(event, answers)
    return event
  }
}
