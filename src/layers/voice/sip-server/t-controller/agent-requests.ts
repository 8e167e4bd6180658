/** T-Library requests about agents: carried out where the DN is owned, passed on to its owner elsewhere. */
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { WorkMode } from '#protocols/tlib/attributes.ts'
import type { Request, RequestOf } from '#protocols/tlib/requests.ts'
import type { Requester } from '../requester.ts'
import type { Input } from './agent.ts'
import type { Bid } from './bid.ts'
import type { OwnedDN } from './owned-dn.ts'
import type { Peers } from './peers.ts'
import type { TController } from './t-controller.ts'

export const agentRequestNames = [
  'RequestAgentLogin',
  'RequestAgentLogout',
  'RequestAgentReady',
  'RequestAgentNotReady',
  'RequestReserveAgent',
] as const
export type AgentRequest = Extract<Request, { name: (typeof agentRequestNames)[number] }>

export type AgentRequestsOptions = {
  readonly tController: TController
  readonly configuration: ConfigurationSource
  readonly peers: Peers
}

export class AgentRequests {
  private readonly options: AgentRequestsOptions

  constructor(options: AgentRequestsOptions) {
    this.options = options
  }

  request(request: AgentRequest, requester: Requester) {
    const { tController, configuration, peers } = this.options
    const dn = request.thisDN
    if (configuration.current().dn(dn) === undefined) return requester.refuse('unknownDN', dn)
    const owned = tController.dn(dn)
    if (owned) return this.carryOut(owned, request, requester)
    const owner = tController.copies.ownerOf(dn)
    if (owner === undefined || requester.remote)
      return requester.refuse('outOfService', `no phone of ${dn} is registered`)
    peers.request(owner, request, requester)
  }

  private carryOut(owned: OwnedDN, request: AgentRequest, requester: Requester) {
    switch (request.name) {
      case 'RequestAgentLogin':
        return this.login(owned, request, requester)
      case 'RequestReserveAgent':
        return this.reserve(owned, request, requester)
      default:
        owned.feedAgent(this.inputOf(owned, request, requester))
    }
  }

  private login(owned: OwnedDN, { agentID }: RequestOf<'RequestAgentLogin'>, requester: Requester) {
    const { tController, configuration } = this.options
    if (configuration.current().person(agentID) === undefined) return requester.refuse('invalidAgent', agentID)
    const elsewhere = tController.dnOf(agentID)
    if (elsewhere !== undefined && elsewhere !== owned.dn)
      return requester.refuse('agentLoggedIn', `agent ${agentID} is logged in on ${elsewhere}`)
    if (!owned.inService) return requester.refuse('outOfService', `no phone of ${owned.dn} is registered`)
    owned.feedAgent({ type: 'login', agentID, by: tController.put(requester) })
  }

  private reserve(owned: OwnedDN, request: RequestOf<'RequestReserveAgent'>, requester: Requester) {
    const { agentID, connID, callUUID, priority = 0, enterTime = '', timeout } = request
    const there = owned.agent?.agentID
    if (agentID !== undefined && there !== undefined && there !== agentID)
      return requester.refuse('wrongState', `agent ${there} is logged in on ${owned.dn}`)
    const by = this.options.tController.put(requester)
    const reservationID = request.reservationID ?? `${owned.ownerEpoch}-${by}`
    const bid: Bid = { by, router: routerOf(requester), connID, callUUID, priority, enterTime, reservationID, timeout }
    owned.bid(bid)
  }

  private inputOf(
    owned: OwnedDN,
    request: Exclude<AgentRequest, { name: 'RequestAgentLogin' | 'RequestReserveAgent' }>,
    requester: Requester,
  ): Input {
    const by = this.options.tController.put(requester)
    const reasons = request.reasons ?? {}
    if (request.name === 'RequestAgentReady') return { type: 'setReady', by }
    if (request.name === 'RequestAgentLogout')
      return { type: 'logout', by, reasons, onCall: owned.state.seizures.length > 0 }
    return request.workMode === 'AfterCallWork'
      ? { type: 'setAfterCallWork', by, reasons }
      : { type: 'setNotReady', by, reasons, workMode: notReadyMode(request.workMode) }
  }
}

const notReadyMode = (asked: WorkMode | undefined): WorkMode => (asked === 'NoCallDisconnect' ? asked : 'AuxWork')

const routerOf = ({ client, remote }: Requester): string =>
  client ? `${client.applicationName}/${client.id}` : `${remote?.node}`
