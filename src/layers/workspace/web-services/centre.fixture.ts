/** Web Services with a node behind them that says what the test says, and a browser in front, under virtual time. */
import { WebSocket } from 'ws'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { httpClient } from '#platform/http/client.ts'
import { ConnectionStream } from '#platform/http/connection-stream.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import { fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { Interaction, InteractionFilter } from '#protocols/model/http/calls.ts'
import { ConfigurationRefused } from '#protocols/model/writer.ts'
import { createChecker } from '#protocols/tlib/checker.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { LocalPorts } from '#protocols/tlib/local.ts'
import { Published } from '#protocols/tlib/published.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import { createPort, type Requester } from '#protocols/tlib/server.ts'
import { listenTcp } from '#protocols/tlib/tcp-server.ts'
import { webServices } from './component.ts'
import type { AgentFigures, QueueFigures, Statistics } from './ports.ts'

/** Of the simulated world, without importing it. */
type World = {
  host(name: string): Runtime
  complete<T>(promise: Promise<T>): Promise<T>
  run(ms: number): Promise<void>
  readonly now: number
  runUntil(condition: () => boolean): Promise<void>
}

export const connID = '0001000100000007'
export const callUUID = '01900000-0000-7000-8000-000000000007'
export const otherUUID = '01900000-0000-7000-8000-000000000009'
const tlibAt = { host: '127.0.0.1', port: 7002 }
const httpAt = { host: '127.0.0.1', port: 8080 }

const centre = configurationFrom({
  persons: [
    { employeeId: '1000', name: 'Ada', roles: ['administrator'], passwordHash: 'of demo' },
    { employeeId: '1001', name: 'Ann', roles: ['agent', 'supervisor'], skills: { human: 10 }, passwordHash: 'of demo' },
    { employeeId: '1002', name: 'Bob', skills: { human: 5 }, passwordHash: 'of demo', preferredDC: 'dc2' },
    { employeeId: '1003', name: 'Eve', passwordHash: 'of demo' },
  ],
  dns: ['1001', '1002', '1003'].map((number) => ({ number })),
  routingPoints: [{ number: '8010', name: 'People', strategy: 'queue' }],
  skills: [{ name: 'human' }],
  trunks: [{ name: 'carrier', sources: ['203.0.113.0/28'], destination: 'sip.carrier.example' }],
  strategies: [{ name: 'queue', scxml: '<scxml/>' }],
})

export const interaction: Interaction = {
  ...{ callUUID: otherUUID, connID, ani: '+44', dnis: '8010', userData: {} },
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:01:00.000Z',
  ending: { by: 'customer', cause: 'hangup' },
  parties: [{ dn: '1002', role: 'agent', agentId: '1002', joinedAt: '2026-01-01T00:00:00.000Z', leftAt: null }],
  segments: [],
}

/** StatServer as far as pages see it. */
function figures() {
  const agents = new Map<string, AgentFigures>()
  const queues: QueueFigures[] = []
  const listeners = new Set<Parameters<Statistics['watch']>[0]>()
  const statistics: Statistics = {
    agents: () => [...agents.values()],
    agent: (id) => agents.get(id),
    queues: () => queues,
    watch: (listener) => {
      listeners.add(listener)
      return { cancel: () => listeners.delete(listener) }
    },
  }
  const put = (agentID: string, status: AgentFigures['status'], more: Partial<AgentFigures> = {}) => {
    const view = { agentID, dn: agentID, node: 'node1', dc: 'dc1', status, reason: undefined, since: 0, ...more }
    agents.set(agentID, view)
    for (const listener of listeners) listener.agent?.(view)
  }
  return { statistics, put, queues }
}

/** A node whose answers the test writes, a browser's host, and Web Services between them. */
export async function setUp(world: World, script: (request: Request, requester: Requester) => void = () => {}) {
  const host = world.host('dc1')
  const local = new LocalPorts()
  const asked: Request[] = []
  const checker = createChecker('full')
  const port = createPort({
    runtime: host,
    service: {
      link: () => ({ node: 'node1', dc: 'dc1', epoch: 1, module: 't-controller' }),
      request(request, requester) {
        if (request.name === 'RequestStartCallMonitoring')
          return requester.answer({ name: 'EventCallMonitoringStarted', time: now(), addresses })
        asked.push(request)
        script(request, requester)
      },
      snapshot() {},
      closed() {},
    },
  })
  const now = () => timestamp(host.clock.wall())
  const addresses = ['1001', '1002'].map((thisDN) => ({ thisDN, inService: true, calls: [] }))
  local.add(tlibAt, port)
  await world.complete(listenTcp(host, tlibAt, port))
  const coordination = new InProcessCoordination().member(host.clock)
  const tlib = { sessionController: tlibAt, tController: tlibAt, interactionProxy: tlibAt }
  const entry = { node: 1, epoch: 1, geoLocation: '', tlib }
  await coordination.announce('sip-server/dc1/node1', JSON.stringify(entry))
  await coordination.announce('sip-proxy/dc1/proxy1', JSON.stringify({ listen: ['sip:127.0.0.1:5060'] }))
  await coordination.announce('sip-proxy/dc2/proxy3', JSON.stringify({ listen: ['sip:127.0.0.1:5080'] }))
  const { statistics, put, queues } = figures()
  const filters: InteractionFilter[] = []
  const applied: unknown[] = []
  const warned: object[] = []
  const past = new Map([[otherUUID, interaction]])
  const services = await world.complete(
    webServices({
      configuration: fixedConfiguration(centre),
      statistics,
      history: {
        list: async (filter) => {
          filters.push(filter)
          return { items: [interaction] }
        },
        get: async (id) => past.get(id),
      },
      ladder: {
        read: async (id) =>
          past.has(id) ? [{ at: host.clock.wall(), kind: 'sip', from: 'a', to: 'b', text: 'INVITE' }] : [],
      },
      writer: {
        async apply(entries, options) {
          if (entries.skills) throw new ConfigurationRefused([{ kind: 'skills', key: 'x', message: 'is wrong' }])
          applied.push([entries, options])
          return { revision: 2, changes: [{ action: 'added', kind: 'dns', key: '1009' }] }
        },
        preview: async () => ({ revision: 1, changes: [] }),
      },
      couldTake: (_queue, person) => (person.skills.human ?? 0) > 0,
      verifyPassword: async (hash, password) => hash === `of ${password}`,
      local,
    }).start({
      runtime: host,
      coordination,
      log: { ...silentLog, warn: (fields, text) => void warned.push({ ...fields, text }) },
      metrics: noMetrics,
      config: {
        ...{ dc: 'dc1', name: 'web', http: httpAt, sessionHours: 12, requestsPerMinute: 10_000, events: 1000 },
        tokenFile: 'data/token',
        demo: { username: '1001', password: 'demo' },
      },
    }),
  )
  await world.run(100)
  const client = httpClient(world.host('browser'))
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    token?: string,
  ) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const request = { to: httpAt, method, path, headers, within: 60_000, ...(body && { body }) }
    const answer = await world.complete(client.request(request))
    const text = answer.body.toString()
    return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {} }
  }
  const signIn = async (username: string): Promise<string> =>
    (await ask('POST', '/api/v1/session', { username, password: 'demo' })).body.token
  const publish = (...events: Event[]) => {
    for (const event of events) {
      checker.event(event)
      for (const one of port.clients) one.tell(new Published(event))
    }
    checker.turn()
  }
  /** An open WebSocket of the browser's host and what it heard. */
  const open = async (path: string) => {
    const browser = world.host('browser')
    const connection = await world.complete(browser.net.connect(httpAt))
    const stream = new ConnectionStream(browser.clock, connection)
    const socket = new WebSocket(`ws://127.0.0.1${path}`, { createConnection: () => stream as never })
    const heard: { type: string; seq: number; subject: string; data: Record<string, unknown> }[] = []
    const end: { code?: number } = {}
    socket.on('message', (data) => heard.push(JSON.parse(String(data))))
    socket.on('close', (code) => {
      end.code = code
    })
    await world.runUntil(() => socket.readyState === socket.OPEN)
    return { socket, heard, end }
  }
  return {
    world,
    host,
    services,
    ask,
    signIn,
    publish,
    now,
    put,
    queues,
    asked,
    filters,
    applied,
    past,
    open,
    port,
    checker,
    coordination,
    warned,
  }
}

type Centre = Awaited<ReturnType<typeof setUp>>

/** A call of a trunk to 8010, up to where the agent's phone rings. */
export function inbound({ now }: Centre) {
  let eventNo = 0
  let cSeq = 0
  const call = { connID, callUUID, callType: 'Inbound', ani: '+44', dnis: '8010' } as const
  const numbered = () => ({ ...call, time: now(), eventNo: ++eventNo })
  const onDN = (name: string, thisDN: string, more: object = {}) =>
    ({ name, ...numbered(), thisDN, thisDNRole: 'Destination', otherDN: '+44', ...more }) as Event
  const based = (name: string, more: object = {}) => ({ name, ...numbered(), cSeq: ++cSeq, ...more }) as Event
  const queue = { thisQueue: '8010' }
  const agent = { ...queue, agentID: '1002' }
  return {
    queued: () => [
      based('EventCallCreated'),
      based('EventCallPartyAdded', { partyUUID: 'p1', thisDN: '+44', role: 'Origination', partyState: 'Connected' }),
      onDN('EventQueued', '8010', queue),
      based('EventCallPartyAdded', { partyUUID: 'p2', thisDN: '8010', role: 'Destination', partyState: 'Queued' }),
    ],
    ringing: () => [
      onDN('EventDiverted', '8010', { ...queue, thirdPartyDN: '1002' }),
      based('EventCallPartyDeleted', { partyUUID: 'p2', thisDN: '8010' }),
      onDN('EventRinging', '1002', agent),
      based('EventCallPartyAdded', { partyUUID: 'p3', thisDN: '1002', role: 'Destination', partyState: 'Alerting' }),
    ],
    established: () => [
      onDN('EventEstablished', '1002', agent),
      based('EventCallPartyState', { partyUUID: 'p3', thisDN: '1002', partyState: 'Connected' }),
    ],
    ended: () => [
      onDN('EventReleased', '1002', agent),
      based('EventCallPartyDeleted', { partyUUID: 'p3', thisDN: '1002' }),
      based('EventCallPartyDeleted', { partyUUID: 'p1', thisDN: '+44' }),
      based('EventCallDeleted', { cause: 'hangup', extensions: { Ending: { by: 'customer', cause: 'hangup' } } }),
    ],
  }
}
