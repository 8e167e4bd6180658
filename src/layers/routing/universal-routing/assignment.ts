/**
 * Which call gets which agent. Calls wait per target expression in order of priority, then enter time; of the ready
 * agents that match, one of this data centre comes first, then the one idle longest. Driven by events alone: a call
 * is submitted, an agent becomes ready. The agent's owner has the last word, so every choice is a bid until granted.
 * Each step costs the same with 20 agents and with 2,000.
 */

import { WaitingCalls } from '../model/waiting-calls.ts'
import { type SkillExpression, type Skills, skillExpression } from './skill-expression.ts'

export type Submission = {
  readonly connID: string
  readonly queue: string
  readonly priority: number
  /** Wall-clock ms at which the call came into the queue: kept through missed offers. */
  readonly enterTime: number
  /** Skill expressions, the preferred one first. */
  readonly targets: readonly string[]
}

type Candidate = { readonly agentID: string; readonly dc: string; readonly idleSeconds: number }

/** Why this agent: kept with the call's ladder. `considered` counts the ready agents that matched. */
export type Decision = {
  readonly connID: string
  readonly queue: string
  readonly target: string
  readonly chosen: Candidate
  readonly candidates: readonly Candidate[]
  readonly considered: number
  readonly reason: string
}

export type Bid = {
  readonly call: Submission
  readonly agentID: string
  readonly dn: string
  readonly decision: Decision
  /** Wall-clock ms since which both the call waited and the agent was ready. */
  readonly possibleSince: number
}

type Agent = {
  readonly agentID: string
  dn: string
  dc: string
  skills: Skills
  ready: boolean
  readySince: number
  /** The call this agent is bid for. */
  bid: string | undefined
  readonly groups: Set<Group>
}

/** The agents that match one expression, and the calls that wait for them. Maps keep the order of becoming ready. */
type Group = {
  readonly target: string
  readonly matches: SkillExpression
  readonly near: Map<string, Agent>
  readonly far: Map<string, Agent>
  readonly waiting: WaitingCalls<Submission>
}

type Call = {
  readonly submission: Submission
  readonly submittedAt: number
  readonly groups: readonly Group[]
  bid: string | undefined
}

/** As many candidates of a decision are written down. */
const candidatesKept = 5

export class Assignment {
  private readonly dc: string
  private readonly bid: (bid: Bid) => void
  private readonly agents = new Map<string, Agent>()
  private readonly groups = new Map<string, Group>()
  private readonly calls = new Map<string, Call>()

  constructor(dc: string, bid: (bid: Bid) => void) {
    this.dc = dc
    this.bid = bid
  }

  get waiting(): number {
    return this.calls.size
  }

  /** Throws `MalformedSkillExpression`. A call submitted again is submitted anew. */
  submit(submission: Submission, now: number): void {
    this.withdraw(submission.connID, now)
    const groups = submission.targets.map((target) => this.group(target))
    const call: Call = { submission, submittedAt: now, groups, bid: undefined }
    this.calls.set(submission.connID, call)
    for (const group of groups) group.waiting.add(submission)
    this.offer(call, now)
  }

  /** The call was routed: the agent bid for has it now. */
  routed(connID: string): void {
    const agent = this.remove(connID)
    if (agent) agent.bid = undefined
  }

  /** The call is gone or does not want an agent any more; one who was bid for it is free for another. */
  withdraw(connID: string, now: number): void {
    const agent = this.remove(connID)
    if (!agent) return
    agent.bid = undefined
    if (agent.ready) this.free(agent, now)
  }

  /** Whether the agent may be chosen, from when on. A new status outdates the bid he had: only its refusal may still come. */
  agent(
    view: { agentID: string; dn: string; dc: string; skills: Skills; ready: boolean; since: number },
    now: number,
  ): void {
    const agent = this.known(view)
    if (agent.ready === view.ready && agent.readySince === view.since) return
    agent.ready = view.ready
    agent.readySince = view.since
    agent.bid = undefined
    this.unlist(agent)
    if (view.ready) this.free(agent, now)
  }

  /** Agents that the configuration or StatServer does not know any more. */
  forget(agentID: string): void {
    const agent = this.agents.get(agentID)
    if (!agent) return
    this.unlist(agent)
    this.agents.delete(agentID)
  }

  /** The owner said no, or the call could not be routed there: the agent waits for his next status, the call goes on. */
  refused(connID: string, agentID: string, now: number): void {
    const agent = this.agents.get(agentID)
    if (agent?.bid === connID) {
      agent.bid = undefined
      agent.ready = false
      this.unlist(agent)
    }
    const call = this.calls.get(connID)
    if (call?.bid !== agentID) return
    call.bid = undefined
    for (const group of call.groups) group.waiting.add(call.submission)
    this.offer(call, now)
  }

  /** The agent who was bid for the call. */
  private remove(connID: string): Agent | undefined {
    const call = this.calls.get(connID)
    if (!call) return undefined
    this.calls.delete(connID)
    for (const group of call.groups) group.waiting.remove(call.submission)
    const agent = call.bid === undefined ? undefined : this.agents.get(call.bid)
    return agent?.bid === connID ? agent : undefined
  }

  private known(view: { agentID: string; dn: string; dc: string; skills: Skills }): Agent {
    const known = this.agents.get(view.agentID)
    if (known && known.skills === view.skills && known.dc === view.dc) {
      known.dn = view.dn
      return known
    }
    if (known) this.unlist(known)
    const agent: Agent = {
      agentID: view.agentID,
      dn: view.dn,
      dc: view.dc,
      skills: view.skills,
      ready: false,
      readySince: 0,
      bid: known?.bid,
      groups: new Set(),
    }
    for (const group of this.groups.values()) if (group.matches(agent.skills)) agent.groups.add(group)
    this.agents.set(agent.agentID, agent)
    return agent
  }

  /** Kept when nobody waits any more, since queues come back; strategies bound how many there are. */
  private group(target: string): Group {
    const known = this.groups.get(target)
    if (known) return known
    const group: Group = {
      target,
      matches: skillExpression(target),
      near: new Map(),
      far: new Map(),
      waiting: new WaitingCalls<Submission>(),
    }
    this.groups.set(target, group)
    const ready = [...this.agents.values()].filter((agent) => group.matches(agent.skills))
    for (const agent of ready.sort((a, b) => a.readySince - b.readySince)) {
      agent.groups.add(group)
      if (agent.ready && agent.bid === undefined) this.side(group, agent).set(agent.agentID, agent)
    }
    return group
  }

  private side(group: Group, agent: Agent): Map<string, Agent> {
    return agent.dc === this.dc ? group.near : group.far
  }

  private unlist(agent: Agent): void {
    for (const group of agent.groups) this.side(group, agent).delete(agent.agentID)
  }

  /** A ready agent: the best call of all groups he is in, or he waits. */
  private free(agent: Agent, now: number): void {
    let best: Submission | undefined
    let from: Group | undefined
    for (const group of agent.groups) {
      const first = group.waiting.first()
      if (first && (!best || WaitingCalls.before(first, best))) {
        best = first
        from = group
      }
    }
    if (best && from) this.choose(this.calls.get(best.connID), from, agent, now)
    else for (const group of agent.groups) this.side(group, agent).set(agent.agentID, agent)
  }

  /** A waiting call: the first ready agent of its targets, in their order; none: it waits. */
  private offer(call: Call, now: number): void {
    for (const side of ['near', 'far'] as const) {
      for (const group of call.groups) {
        const [agent] = group[side].values()
        if (agent) {
          this.choose(call, group, agent, now)
          return
        }
      }
    }
  }

  private choose(call: Call | undefined, group: Group, agent: Agent, now: number): void {
    if (!call) return
    const decision = this.decision(call.submission, group, agent, now)
    call.bid = agent.agentID
    agent.bid = call.submission.connID
    for (const each of call.groups) each.waiting.remove(call.submission)
    this.unlist(agent)
    const possibleSince = Math.max(call.submittedAt, agent.readySince)
    this.bid({ call: call.submission, agentID: agent.agentID, dn: agent.dn, decision, possibleSince })
  }

  private decision(call: Submission, group: Group, agent: Agent, now: number): Decision {
    const candidate = (each: Agent): Candidate => ({
      agentID: each.agentID,
      dc: each.dc,
      idleSeconds: Math.max(0, Math.round((now - each.readySince) / 100) / 10),
    })
    const others: Agent[] = []
    for (const side of [group.near, group.far]) {
      for (const each of side.values()) {
        if (others.length === candidatesKept) break
        if (each !== agent) others.push(each)
      }
    }
    const listed = this.side(group, agent).has(agent.agentID)
    const considered = group.near.size + group.far.size + (listed ? 0 : 1)
    return {
      connID: call.connID,
      queue: call.queue,
      target: group.target,
      chosen: candidate(agent),
      candidates: [agent, ...others].map(candidate),
      considered,
      reason: this.reason(agent, considered, listed),
    }
  }

  private reason(agent: Agent, considered: number, listed: boolean): string {
    if (!listed) return 'became ready while this call, by priority then enter time, was the next'
    if (considered === 1) return 'the only ready agent that matches'
    const where = agent.dc === this.dc ? `of ${this.dc}` : `(none ready in ${this.dc})`
    return `idle longest ${where} among ${considered} ready agents that match`
  }
}
