/** What becomes of a T-Library request: answered here, given to the Session Controller, or passed to the node it is for. */
import type { Clock } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { AddressState } from '#protocols/tlib/attributes.ts'
import { parseConnID } from '#protocols/tlib/conn-id.ts'
import type { Request, RequestName } from '#protocols/tlib/requests.ts'
import type { Requester } from './requester.ts'
import type { SessionController } from './session-controller/ports.ts'
import { everyDN, type Subscribers } from './subscribers.ts'
import { type AgentRequest, AgentRequests, agentRequestNames } from './t-controller/agent-requests.ts'
import type { Peers } from './t-controller/peers.ts'
import type { NodeName, TController } from './t-controller/t-controller.ts'

export type RequestsOptions = {
  readonly clock: Clock
  readonly node: NodeName
  readonly configuration: ConfigurationSource
  readonly tController: TController
  readonly peers: Peers
  readonly calls: () => SessionController<Request>
}

const isAgentRequest = (request: Request): request is AgentRequest =>
  (agentRequestNames as readonly RequestName[]).includes(request.name)

/** Without a ConnID, and yet about calls: carried out here. */
const makesCall = new Set<RequestName>(['RequestMakeCall', 'RequestMakePredictiveCall'])

/** Not available yet, whatever they name. */
const unsupported = new Set<RequestName>([
  'RequestMonitorNextCall',
  'RequestCancelMonitoring',
  'RequestSetDNDOn',
  'RequestSetDNDOff',
  'RequestCallForwardSet',
  'RequestCallForwardCancel',
  'RequestPrivateService',
  'RequestDistributeUserEvent',
  'RequestSendUserEvent',
])

export class Requests {
  private readonly options: RequestsOptions
  private readonly agents: AgentRequests

  constructor(options: RequestsOptions) {
    this.options = options
    this.agents = new AgentRequests(options)
  }

  /** A request of a client of a port whose subscribers are these, or of another node's client. */
  request(request: Request, requester: Requester, subscribers?: Subscribers) {
    if (unsupported.has(request.name)) return requester.refuse('unsupported', request.name)
    if (isAgentRequest(request)) return this.agents.request(request, requester)
    if (makesCall.has(request.name)) return this.options.calls().request(request, requester)
    if ('connID' in request && request.connID !== undefined) return this.ofCall(request, request.connID, requester)
    if (request.name === 'RequestQueryServer') return requester.answer(this.serverInfo())
    if (request.name === 'RequestQueryAddress') return this.queryAddress(request.thisDN, requester)
    if (subscribers === undefined || requester.client === undefined)
      return requester.refuse('unsupported', `${request.name} is for another port`)
    this.subscribe(request, requester, subscribers)
  }

  /** What EventRegistered and EventAddressInfo tell of a DN, or of every DN. */
  snapshot(dn: string) {
    if (dn === everyDN) return { addresses: this.options.tController.addresses() }
    const { inService, agentID, agentStatus, workMode, reasons, calls } = this.options.tController.address(dn)
    return { inService, calls, ...present({ agentID, agentStatus, workMode, reasons }) }
  }

  private ofCall(request: Request, connID: string, requester: Requester) {
    const { node, peers, calls } = this.options
    const at = parseConnID(connID)?.node
    if (at === node.number) return calls().request(request, requester)
    const other = at === undefined || requester.remote ? undefined : peers.numbered(at)
    if (other === undefined) return requester.refuse('invalidConnID', connID)
    peers.request(other, request, requester)
  }

  private subscribe(request: Request, requester: Requester, subscribers: Subscribers) {
    const { client } = requester
    if (client === undefined) return
    switch (request.name) {
      case 'RequestRegisterAddress':
        return this.register(request.thisDN, requester, subscribers)
      case 'RequestUnregisterAddress':
        return subscribers.unregister(client, request.thisDN)
          ? requester.answer({ name: 'EventUnregistered', thisDN: request.thisDN, time: this.now() })
          : requester.refuse('wrongState', `${request.thisDN} is not registered`)
      default:
        requester.refuse('unsupported', `${request.name} is for another port`)
    }
  }

  private register(dn: string, requester: Requester, subscribers: Subscribers) {
    if (!this.isKnown(dn)) return requester.refuse('unknownDN', dn)
    if (requester.client) subscribers.register(requester.client, dn)
    requester.answer({ name: 'EventRegistered', thisDN: dn, time: this.now(), ...this.snapshot(dn) })
  }

  private queryAddress(dn: string, requester: Requester) {
    if (!this.isKnown(dn)) return requester.refuse('unknownDN', dn)
    requester.answer({ name: 'EventAddressInfo', thisDN: dn, time: this.now(), ...this.snapshot(dn) })
  }

  private isKnown(dn: string): boolean {
    const { configuration } = this.options
    const kind = dn === everyDN ? 'dn' : configuration.current().destination(dn)?.kind
    return kind !== undefined && kind !== 'trunk'
  }

  private serverInfo() {
    const { name: node, dc, epoch, geoLocation } = this.options.node
    return { name: 'EventServerInfo', time: this.now(), node, dc, epoch, geoLocation }
  }

  private now(): string {
    return timestamp(this.options.clock.wall())
  }
}

const present = (state: { [Name in 'agentID' | 'agentStatus' | 'workMode' | 'reasons']: AddressState[Name] }) =>
  Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined))
