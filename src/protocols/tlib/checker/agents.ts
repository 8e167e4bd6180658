/** Invariants 14 and 15: the agent's states, and who may be offered a routed call. */
import type { DeviceEvent, OwnerEvent } from '../events.ts'
import { type Agent, partiesAt, partyAt, type Report, type World } from './world.ts'

/** The node's instance in an owner's epoch: its number and epoch; the order of its events is its own. */
const instanceOf = (ownerEpoch: number): number => ownerEpoch % 2 ** 32

export function agentRules(world: World, report: Report) {
  const lastOfInstance = new Map<number, number>()
  const epochOfDN = new Map<string, number>()
  const dnOfAgent = new Map<string, string>()

  /** Invariant 11 for owners; `false` for a repeat. */
  const inOrder = (event: OwnerEvent): boolean => {
    const last = lastOfInstance.get(instanceOf(event.ownerEpoch)) ?? -1
    if (event.eventNo <= last) return false
    lastOfInstance.set(instanceOf(event.ownerEpoch), event.eventNo)
    const epoch = epochOfDN.get(event.thisDN) ?? 0
    if (event.ownerEpoch < epoch) report(11, `the epoch of its owner, ${event.ownerEpoch}, is before ${epoch}`)
    epochOfDN.set(event.thisDN, Math.max(epoch, event.ownerEpoch))
    return true
  }

  const login = (event: Extract<OwnerEvent, { name: 'EventAgentLogin' }>) => {
    const there = world.agents.get(event.thisDN)
    if (there) report(14, `agent ${there.agentID} is logged in on ${event.thisDN} already`)
    const elsewhere = dnOfAgent.get(event.agentID)
    if (elsewhere !== undefined) report(14, `agent ${event.agentID} is logged in on ${elsewhere} already`)
    dnOfAgent.set(event.agentID, event.thisDN)
    world.agents.set(event.thisDN, newAgent(event.agentID))
  }

  /** Invariant 14: agent events lie inside Login…Logout. */
  const agentOf = (event: OwnerEvent): Agent | undefined => {
    const agent = world.agents.get(event.thisDN)
    if (agent && agent.agentID === event.agentID) return agent
    report(14, `${event.name} of agent ${event.agentID}, who is not logged in on ${event.thisDN}`)
    return undefined
  }

  const ready = (agent: Agent) => {
    if (agent.status === 'Ready') report(14, 'EventAgentReady twice running')
    agent.status = 'Ready'
    agent.workMode = undefined
    agent.reasons = ''
  }

  const notReady = (agent: Agent, event: Extract<OwnerEvent, { name: 'EventAgentNotReady' }>) => {
    const reasons = JSON.stringify(event.reasons ?? {})
    const same = agent.status !== 'Ready' && agent.workMode === event.workMode && agent.reasons === reasons
    if (same) report(14, 'EventAgentNotReady is repeated with the same WorkMode and Reasons')
    const afterCall = event.workMode === 'AfterCallWork'
    if (afterCall && event.connID && !partyAt(world, event.thisDN, event.connID))
      report(14, `after-call work of call ${event.connID} comes after its EventReleased`)
    agent.status = afterCall ? 'AfterCallWork' : 'NotReady'
    agent.workMode = event.workMode
    agent.reasons = reasons
    agent.reservation = undefined
  }

  return {
    event(event: OwnerEvent) {
      if (!inOrder(event)) return
      switch (event.name) {
        case 'EventAgentLogin':
          return login(event)
        case 'EventAgentLogout':
          agentOf(event)
          dnOfAgent.delete(event.agentID)
          world.agents.delete(event.thisDN)
          return
        case 'EventAgentReady': {
          const agent = agentOf(event)
          return agent && ready(agent)
        }
        case 'EventAgentNotReady': {
          const agent = agentOf(event)
          return agent && notReady(agent, event)
        }
        case 'EventAgentReserved': {
          const agent = agentOf(event)
          if (agent) agent.reservation = { connID: event.connID, until: timeOf(event.time) + event.timeout }
          return
        }
        case 'EventDNOutOfService':
          world.outOfService.add(event.thisDN)
          return
        case 'EventDNBackInService':
          world.outOfService.delete(event.thisDN)
      }
    },
    /** Invariant 15, before the party is opened. */
    ringing(event: DeviceEvent): void {
      if (event.name !== 'EventRinging' || event.thisQueue === undefined || event.thirdPartyDN !== undefined) return
      if (world.outOfService.has(event.thisDN)) report(15, `${event.thisDN} is offered a call and is out of service`)
      const agent = world.agents.get(event.thisDN)
      if (!agent) return
      if (agent.status !== 'Ready') report(15, `agent ${agent.agentID} is offered a call and is ${agent.status}`)
      for (const party of partiesAt(world, event.thisDN))
        report(15, `agent ${agent.agentID} is offered a call and is in call ${party.connID}`)
      const reserved = agent.reservation
      if (reserved?.connID && reserved.connID !== event.connID && timeOf(event.time) < reserved.until)
        report(15, `agent ${agent.agentID} is reserved for call ${reserved.connID} and offered another`)
      agent.reservation = undefined
    },
    /** A snapshot told who is logged in where. */
    placed(dn: string, agent: Agent | undefined): void {
      const former = world.agents.get(dn)
      if (former && dnOfAgent.get(former.agentID) === dn) dnOfAgent.delete(former.agentID)
      if (!agent) {
        world.agents.delete(dn)
        return
      }
      world.agents.set(dn, agent)
      dnOfAgent.set(agent.agentID, dn)
    },
  }
}

const newAgent = (agentID: string): Agent => ({
  agentID,
  status: 'NotReady',
  workMode: undefined,
  reasons: 'login',
  reservation: undefined,
})

/** Milliseconds of the day of an RFC 3339 time in UTC: enough for reservations, which last seconds. */
const timeOf = (time: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = time.slice(11, -1).split(':').map(Number)
  return ((hours * 60 + minutes) * 60 + seconds) * 1000
}
