import { beforeEach, describe, expect, it } from 'vitest'
import type { Event } from '#protocols/tlib/events.ts'
import type { AgentView, QueueView } from '../model/status.ts'
import { Statistics } from './statistics.ts'

const node = { node: 'node1.dc1', dc: 'dc1' }
const owned = (name: string, more: object = {}): Event =>
  ({ name, thisDN: '1001', agentID: '1001', time: '', ownerEpoch: 1, eventNo: 1, ...more }) as Event
const call = (name: string, thisDN: string, more: object = {}): Event =>
  ({
    name,
    connID: '0001000100000001',
    callUUID: 'u',
    callType: 'Inbound',
    thisDN,
    thisDNRole: 'Destination',
    time: '',
    eventNo: 1,
    ...more,
  }) as Event
const queue = { thisQueue: '8010' }

describe('statistics', () => {
  let agents: AgentView[]
  let queues: QueueView[]
  let statistics: Statistics
  let now: number
  const tell = (...events: Event[]) => {
    for (const event of events) {
      now += 1000
      statistics.apply(node, event, now)
    }
  }
  const statuses = () => agents.map((agent) => agent.status)

  beforeEach(() => {
    agents = []
    queues = []
    now = 0
    statistics = new Statistics({ agent: (view) => agents.push(view), queue: (view) => queues.push(view) })
    tell(owned('EventAgentLogin'), owned('EventAgentReady'))
    agents = []
  })

  it('shows a routed call from reservation to the end, and Ready again without a new AgentReady', () => {
    tell(
      owned('EventAgentReserved', { timeout: 1000, reservationID: 'r' }),
      call('EventRinging', '1001', queue),
      call('EventEstablished', '1001', queue),
      call('EventHeld', '1001', queue),
      call('EventRetrieved', '1001', queue),
      call('EventReleased', '1001', queue),
    )

    expect(statuses()).toEqual(['reserved', 'ringing', 'on-call', 'on-hold', 'on-call', 'ready'])
    expect(agents.at(-1)?.since).toBe(now)
  })

  it('shows an agent as ready when his reservation has ended without a call', () => {
    const reservation = { timeout: 1000, reservationID: 'r' }
    tell(
      owned('EventAgentReserved', reservation),
      owned('EventAgentReserved', { ...reservation, timeout: 1, extensions: { Ended: 'timeout' } }),
    )

    expect(statuses()).toEqual(['reserved', 'ready'])
  })

  it('shows after-call work and not ready with its reason', () => {
    tell(
      owned('EventAgentNotReady', { workMode: 'AfterCallWork' }),
      owned('EventAgentNotReady', { workMode: 'AuxWork', reasons: { 'no-answer': '' } }),
      owned('EventAgentLogout'),
    )

    expect(statuses()).toEqual(['after-call-work', 'not-ready', 'logged-out'])
    expect(agents[1]?.reason).toBe('no-answer')
  })

  it('says nothing of an agent where nothing shows differently', () => {
    tell(call('EventAttachedDataChanged', '1001'), owned('EventAgentReady'))

    expect(agents).toEqual([])
  })

  it('counts who waits, since when, and who talks', () => {
    tell(call('EventQueued', '8010', queue))
    expect(queues.at(-1)).toEqual({ number: '8010', dc: 'dc1', waiting: 1, oldest: now, onCall: 0 })

    tell(
      call('EventDiverted', '8010', queue),
      call('EventRinging', '1001', queue),
      call('EventEstablished', '1001', queue),
    )
    expect(queues.at(-1)).toMatchObject({ waiting: 0, oldest: undefined, onCall: 1 })

    tell(call('EventReleased', '1001', queue))
    expect(queues.at(-1)).toMatchObject({ waiting: 0, onCall: 0 })
  })

  it('keeps the first enter time of a call that comes back to its queue', () => {
    tell(call('EventQueued', '8010', { ...queue, enterTime: '1970-01-01T00:00:00.500Z' }))

    expect(queues.at(-1)?.oldest).toBe(500)
  })

  it('follows a call to its new ConnID', () => {
    const main = '0001000100000009'
    tell(call('EventRinging', '1001'), call('EventEstablished', '1001'))
    tell(call('EventPartyChanged', '1001', { connID: main, previousConnID: '0001000100000001' }))
    tell(call('EventReleased', '1001', { connID: main }))

    expect(statuses()).toEqual(['ringing', 'on-call', 'ready'])
  })

  it('forgets what a node told before when it tells everything anew, or is lost', () => {
    tell(call('EventQueued', '8010', queue))
    statistics.snapshot(
      node,
      [{ thisDN: '1001', inService: true, agentID: '1001', agentStatus: 'NotReady', calls: [] }],
      now,
    )
    expect(statistics.agents()).toMatchObject([{ agentID: '1001', status: 'not-ready' }])
    expect(statistics.allQueues()).toMatchObject([{ number: '8010', waiting: 0 }])

    statistics.lost(node, now)
    expect(statistics.agents()).toEqual([])
    expect(agents.at(-1)?.status).toBe('logged-out')
  })
})
