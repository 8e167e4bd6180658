import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Assignment, type Bid, type Submission } from './assignment.ts'

function setUp(dc = 'dc1') {
  const bids: Bid[] = []
  const assignment = new Assignment(dc, (bid) => bids.push(bid))
  const skills: Record<string, Record<string, number>> = {}
  let now = 0
  return {
    bids,
    assignment,
    pairs: () => bids.map((bid) => `${bid.call.connID}→${bid.agentID}`),
    ready(agentID: string, has: Record<string, number>, agentDC = 'dc1') {
      now += 1000
      const known = JSON.stringify(skills[agentID]) === JSON.stringify(has) ? skills[agentID] : has
      skills[agentID] = known ?? has
      assignment.agent({ agentID, dn: agentID, dc: agentDC, skills: known ?? has, ready: true, since: now }, now)
    },
    unready(agentID: string) {
      now += 1000
      assignment.agent(
        { agentID, dn: agentID, dc: 'dc1', skills: skills[agentID] ?? {}, ready: false, since: now },
        now,
      )
    },
    call(connID: string, target: string | string[], priority = 0, enterTime?: number) {
      now += 1000
      const targets = typeof target === 'string' ? [target] : target
      const submission: Submission = { connID, queue: '8000', priority, enterTime: enterTime ?? now, targets }
      assignment.submit(submission, now)
    },
    withdraw: (connID: string) => assignment.withdraw(connID, now),
    refused: (connID: string, agentID: string) => assignment.refused(connID, agentID, now),
  }
}

describe('assignment', () => {
  it('gives a call to the agent idle longest of those that match', () => {
    const s = setUp()
    s.ready('a', { sales: 5 })
    s.ready('b', { support: 5 })
    s.ready('c', { support: 5 })

    s.call('1', 'support > 0')
    s.call('2', 'support > 0')

    expect(s.pairs()).toEqual(['1→b', '2→c'])
    expect(s.bids[0]?.decision).toMatchObject({
      considered: 2,
      reason: 'idle longest of dc1 among 2 ready agents that match',
    })
  })

  it('takes the agents of the call’s data centre first, however short they have been idle', () => {
    const s = setUp('dc1')
    s.ready('far', { support: 1 }, 'dc2')
    s.ready('near', { support: 1 }, 'dc1')

    s.call('1', 'support > 0')
    s.call('2', 'support > 0')

    expect(s.pairs()).toEqual(['1→near', '2→far'])
  })

  it('gives a ready agent the waiting call of the highest priority, then the one that entered first', () => {
    const s = setUp()
    s.call('late', 'support > 0', 0, 300)
    s.call('early', 'support > 0', 0, 100)
    s.call('gold', 'sales > 0', 10, 500)

    for (const agent of ['a', 'b', 'c']) s.ready(agent, { support: 1, sales: 1 })

    expect(s.pairs()).toEqual(['gold→a', 'early→b', 'late→c'])
  })

  it('puts a call that comes back after a missed offer where its enter time belongs: in front', () => {
    const s = setUp()
    s.ready('a', { support: 1 })
    s.call('1', 'support > 0', 0, 100)
    s.call('2', 'support > 0', 0, 200)
    s.refused('1', 'a')

    s.ready('b', { support: 1 })

    expect(s.pairs()).toEqual(['1→a', '1→b'])
  })

  it('never chooses an agent twice before he is ready anew', () => {
    const s = setUp()
    s.ready('a', { support: 1 })
    s.call('1', 'support > 0')
    s.call('2', 'support > 0')
    expect(s.pairs()).toEqual(['1→a'])

    s.assignment.routed('1')
    s.unready('a')
    s.ready('a', { support: 1 })

    expect(s.pairs()).toEqual(['1→a', '2→a'])
  })

  it('offers a call that was refused once more to the agent who became ready anew in the meantime', () => {
    const s = setUp()
    s.call('1', 'support > 0')
    s.ready('a', { support: 1 })

    s.ready('a', { support: 1 })
    s.refused('1', 'a')

    expect(s.pairs()).toEqual(['1→a', '1→a'])
  })

  it('has another call for the agent at once when the one he was bid for is gone', () => {
    const s = setUp()
    s.ready('a', { support: 1 })
    s.call('1', 'support > 0')
    s.call('2', 'support > 0')

    s.withdraw('1')

    expect(s.pairs()).toEqual(['1→a', '2→a'])
  })

  it('gives nothing to a call that was withdrawn', () => {
    const s = setUp()
    s.call('1', 'support > 0')
    s.withdraw('1')

    s.ready('a', { support: 1 })

    expect(s.pairs()).toEqual([])
    expect(s.assignment.waiting).toBe(0)
  })

  it('tries the first written target before the others', () => {
    const s = setUp()
    s.ready('second', { support: 1 })
    s.ready('first', { support: 9 })

    s.call('1', ['support >= 5', 'support >= 1'])

    expect(s.pairs()).toEqual(['1→first'])
  })

  it('leaves no call waiting while an agent who matches is ready, whatever happens', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('call' as const),
        call: fc.integer({ min: 0, max: 9 }),
        priority: fc.integer({ min: 0, max: 2 }),
      }),
      fc.record({ do: fc.constant('withdraw' as const), call: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ do: fc.constant('ready' as const), agent: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('unready' as const), agent: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('refuse' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const s = setUp()
        const waiting = new Set<string>()
        const free = new Set<string>()
        const held = new Map<string, string>()
        /** Calls whose agent has had a new status since: a refusal may still come, the agent is not theirs any more. */
        const outdated = new Map<string, string>()
        const newStatus = (agent: string) => {
          for (const [call, of] of held) if (of === agent && held.delete(call)) outdated.set(call, agent)
        }
        let seen = 0
        for (const each of steps) {
          if (each.do === 'call') {
            const call = String(each.call)
            const agent = held.get(call)
            if (agent) free.add(agent)
            held.delete(call)
            outdated.delete(call)
            waiting.add(call)
            s.call(call, 'support > 0', each.priority)
          } else if (each.do === 'withdraw') {
            const call = String(each.call)
            const bid = s.bids.findLast((b) => b.call.connID === call)
            if (bid && held.get(call) === bid.agentID) free.add(bid.agentID)
            held.delete(call)
            outdated.delete(call)
            waiting.delete(call)
            s.withdraw(call)
          } else if (each.do === 'ready') {
            newStatus(String(each.agent))
            free.add(String(each.agent))
            s.ready(String(each.agent), { support: 1 })
          } else if (each.do === 'unready') {
            free.delete(String(each.agent))
            newStatus(String(each.agent))
            s.unready(String(each.agent))
          } else {
            const [last] = [...held, ...outdated].slice(-1)
            if (last) {
              held.delete(last[0])
              outdated.delete(last[0])
              waiting.add(last[0])
              s.refused(last[0], last[1])
            }
          }
          for (const bid of s.bids.slice(seen)) {
            expect(free.has(bid.agentID)).toBe(true)
            free.delete(bid.agentID)
            waiting.delete(bid.call.connID)
            held.set(bid.call.connID, bid.agentID)
          }
          seen = s.bids.length
          expect(waiting.size === 0 || free.size === 0).toBe(true)
        }
      }),
    )
  })
})
