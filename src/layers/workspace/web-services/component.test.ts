import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { httpClient } from '#platform/http/client.ts'
import { ConnectionStream } from '#platform/http/connection-stream.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
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
import { World } from '#simulation/world.ts'
import { webServices } from './component.ts'
import type { AgentFigures, QueueFigures, Statistics } from './ports.ts'

const connID = '0001000100000007'
const callUUID = '01900000-0000-7000-8000-000000000007'
const otherUUID = '01900000-0000-7000-8000-000000000009'
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
  strategies: [{ name: 'queue', scxml: '<scxml/>' }],
})

const interaction: Interaction = {
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
async function setUp(script: (request: Request, requester: Requester) => void = () => {}) {
  const world = new World(11)
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
  const services = await world.complete(
    webServices({
      configuration: fixedConfiguration(centre),
      statistics,
      history: {
        list: async (filter) => {
          filters.push(filter)
          return { items: [interaction] }
        },
        get: async (id) => (id === otherUUID ? interaction : undefined),
      },
      ladder: {
        read: async (id) =>
          id === otherUUID ? [{ at: host.clock.wall(), kind: 'sip', from: 'a', to: 'b', text: 'INVITE' }] : [],
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
      log: silentLog,
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
  const ask = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: object, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const request = { to: httpAt, method, path, headers, ...(body && { body }) }
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
  return { world, host, services, ask, signIn, publish, now, put, queues, asked, filters, applied, open, port, checker }
}

type Centre = Awaited<ReturnType<typeof setUp>>

/** A call of a trunk to 8010, up to where the agent's phone rings. */
function inbound({ now }: Centre) {
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

describe('signing in', () => {
  it("gives a token and who one is; the phone's servers begin with those of the own data centre", async () => {
    const { ask } = await setUp()

    const { status, body } = await ask('POST', '/api/v1/session', { username: '1002', password: 'demo' })
    const me = await ask('GET', '/api/v1/me', undefined, body.token)

    expect(status).toBe(201)
    expect(me.body).toEqual(body.me)
    expect(me.body).toMatchObject({
      ...{ employeeId: '1002', name: 'Bob', roles: ['agent'], state: 'logged-out', calls: [] },
      phone: { aor: 'sip:1002@ringmain', servers: ['sip:127.0.0.1:5080', 'sip:127.0.0.1:5060'] },
    })
  })

  it('refuses a wrong password, an unknown name, and after ten guesses any password for a minute', async () => {
    const { world, ask } = await setUp()
    const guess = (password: string, username = '1002') => ask('POST', '/api/v1/session', { username, password })

    const wrong = []
    for (let n = 0; n < 10; n++) wrong.push((await guess(`${n}`)).status)
    const right = (await guess('demo')).status
    const unknown = (await guess('demo', '9999')).status
    await world.run(60_000)

    expect(new Set(wrong)).toEqual(new Set([401]))
    expect([right, unknown, (await guess('demo')).status]).toEqual([429, 401, 201])
  })

  it('needs a token for all but the overview, health and the description', async () => {
    const { ask } = await setUp()
    const status = async (path: string, token?: string) => (await ask('GET', path, undefined, token)).status

    expect(await status('/api/v1/agents')).toBe(401)
    expect(await status('/api/v1/agents', 'eyJzdWIiOiIxMDAxIn0.AAAA')).toBe(401)
    expect([await status('/api/v1/overview'), await status('/health')]).toEqual([200, 200])
  })

  it('ends after its hours', async () => {
    const { world, ask, signIn } = await setUp()
    const token = await signIn('1002')

    await world.run(12 * 3_600_000)

    expect((await ask('GET', '/api/v1/me', undefined, token)).status).toBe(401)
  })

  it('takes the token of the token file for an administrator', async () => {
    const { ask, host, world } = await setUp()
    const token = (await world.complete(host.disk.read('data/token'))).toString().trim()

    expect((await ask('GET', '/api/v1/config', undefined, token)).body).toMatchObject({ revision: 1 })
    expect((await ask('PUT', '/api/v1/me/place', { dn: '1001' }, token)).status).toBe(409)
  })

  it('lets agents see their own, supervisors all, and administrators change', async () => {
    const { ask, signIn, filters } = await setUp()
    const [agent, stranger, supervisor] = [await signIn('1002'), await signIn('1003'), await signIn('1001')]
    const get = (path: string, token: string) => ask('GET', `/api/v1/${path}`, undefined, token)
    const statuses = async (path: string) => [
      (await get(path, agent)).status,
      (await get(path, stranger)).status,
      (await get(path, supervisor)).status,
    ]

    expect(await statuses(`interactions/${otherUUID}`)).toEqual([200, 404, 200])
    expect(await statuses(`calls/${otherUUID}/ladder`)).toEqual([200, 404, 200])
    expect(await statuses('nodes')).toEqual([403, 403, 200])
    expect(await statuses('config')).toEqual([403, 403, 403])
    await get('interactions?agent=1003', agent)
    await get('interactions?agent=1003&limit=7', supervisor)
    expect(filters).toMatchObject([
      { agent: '1002', limit: 100 },
      { agent: '1003', limit: 7 },
    ])
  })
})

describe('an agent', () => {
  it('logs in on a DN at the node that has it in service, and is told how he is', async () => {
    const centre = await setUp((request, requester) => {
      if (request.name === 'RequestAgentLogin')
        requester.answer({
          ...{ name: 'EventAgentLogin', thisDN: request.thisDN, agentID: request.agentID },
          ...{ time: '2026-01-01T00:00:01.000Z', ownerEpoch: 1, eventNo: 1 },
        })
    })
    const token = await centre.signIn('1002')

    const answer = await centre.ask('PUT', '/api/v1/me/place', { dn: '1002' }, token)

    expect(centre.asked).toMatchObject([{ name: 'RequestAgentLogin', thisDN: '1002', agentID: '1002' }])
    expect(answer).toEqual({
      status: 200,
      body: { employeeId: '1002', dn: '1002', state: 'not-ready', since: '2026-01-01T00:00:01.000Z' },
    })
  })

  it.each([
    ['agentLoggedIn', 409, 'taken'],
    ['outOfService', 409, 'out-of-service'],
    ['unknownDN', 409, 'unknown-dn'],
    ['unsupported', 501, 'not-available-yet'],
    ['linkLost', 503, 'node-unreachable'],
  ] as const)('is told why he cannot log in: %s', async (error, status, reason) => {
    const { ask, signIn } = await setUp((_request, requester) => requester.refuse(error))

    const answer = await ask('PUT', '/api/v1/me/place', { dn: '1002' }, await signIn('1002'))

    expect(answer).toMatchObject({ status, body: { status, reason } })
  })

  it('is told when the node does not answer', async () => {
    const { ask, signIn } = await setUp()

    const answer = await ask('PUT', '/api/v1/me/place', { dn: '1002' }, await signIn('1002'))

    expect(answer).toMatchObject({ status: 504, body: { reason: 'timeout' } })
  })

  it('changes his state; a call in progress shows whatever is to follow it', async () => {
    const { ask, signIn, put, asked } = await setUp((_request, requester) =>
      requester.answer({ name: 'EventACK', refID: 0, time: '2026-01-01T00:00:01.000Z' }),
    )
    const token = await signIn('1002')
    const want = async (state: string, reason?: string) =>
      (await ask('PUT', '/api/v1/me/state', { state, ...(reason && { reason }) }, token)).body

    const before = await want('ready')
    put('1002', 'not-ready')
    const ready = await want('ready')
    const pause = await want('not-ready', 'lunch')
    put('1002', 'on-call')
    const talking = await want('not-ready')
    const left = await want('logged-out')

    expect(before).toMatchObject({ status: 409, reason: 'logged-out' })
    expect(ready).toMatchObject({ state: 'ready', dn: '1002' })
    expect(pause).toMatchObject({ state: 'not-ready', reason: 'lunch' })
    expect(talking).toMatchObject({ state: 'on-call' })
    expect(left).toMatchObject({ state: 'logged-out' })
    expect(asked).toMatchObject([
      { name: 'RequestAgentReady', thisDN: '1002' },
      { name: 'RequestAgentNotReady', workMode: 'AuxWork', reasons: { ReasonCode: 'lunch' } },
      { name: 'RequestAgentNotReady', workMode: 'AuxWork' },
      { name: 'RequestAgentLogout' },
    ])
  })

  it('is set by a supervisor while he is logged in', async () => {
    const { ask, signIn, put, asked } = await setUp((_request, requester) =>
      requester.answer({ name: 'EventACK', refID: 0, time: '' }),
    )
    const [agent, supervisor] = [await signIn('1002'), await signIn('1001')]
    const set = async (id: string, token: string) =>
      (await ask('PUT', `/api/v1/agents/${id}/state`, { state: 'not-ready', reason: 'meeting' }, token)).status

    const out = await set('1002', supervisor)
    put('1002', 'ready')

    expect([out, await set('1002', supervisor), await set('1002', agent), await set('9', supervisor)]).toEqual([
      409, 200, 403, 404,
    ])
    expect(asked).toMatchObject([{ name: 'RequestAgentNotReady', thisDN: '1002', reasons: { ReasonCode: 'meeting' } }])
  })

  it('refuses a key that is none, by its name', async () => {
    const { ask, signIn } = await setUp()

    const answer = await ask('PUT', '/api/v1/me/state', { stat: 'ready' }, await signIn('1002'))

    expect(answer).toMatchObject({ status: 400 })
    expect(JSON.stringify(answer.body)).toContain('stat is no key here; did you mean state?')
  })
})

describe('calls', () => {
  it('show from queue to end, to supervisors all and to agents their own', async () => {
    const centre = await setUp()
    const { ask, signIn, publish, put, world, checker } = centre
    const call = inbound(centre)
    const [agent, stranger, supervisor] = [await signIn('1002'), await signIn('1003'), await signIn('1001')]
    put('1002', 'ready')
    const calls = async (token = supervisor) => (await ask('GET', '/api/v1/calls', undefined, token)).body
    const seen: unknown[] = []
    const step = async (events: Event[]) => {
      publish(...events)
      await world.run(100)
      seen.push(...(await calls()))
    }

    await step(call.queued())
    await step(call.ringing())
    const mine = (await ask('GET', '/api/v1/me', undefined, agent)).body.calls
    const own = [(await calls(agent)).length, (await calls(stranger)).length]
    await step(call.established())
    await step(call.ended())

    const always = { callUUID, connID, ani: '+44', dnis: '8010', queue: '8010', node: 'node1', dc: 'dc1' }
    expect(seen).toMatchObject([
      { ...always, state: 'queued' },
      { ...always, state: 'ringing', agentId: '1002' },
      { ...always, state: 'connected', agentId: '1002' },
    ])
    expect(mine).toMatchObject([{ connID, state: 'ringing', otherDN: '+44', queue: '8010', callType: 'Inbound' }])
    expect(own).toEqual([1, 0])
    expect(checker.violations).toEqual([])
  })

  it("are dialled from the agent's phone", async () => {
    const { ask, signIn, put } = await setUp((request, requester) =>
      requester.answer({
        ...{ name: 'EventDialing', connID, callUUID, callType: 'Internal', eventNo: 1, time: '' },
        ...{ thisDN: (request as { thisDN: string }).thisDN, thisDNRole: 'Origination' },
      }),
    )
    put('1002', 'ready')

    const answer = await ask('POST', '/api/v1/me/calls', { destination: '1001' }, await signIn('1002'))

    expect(answer).toEqual({ status: 202, body: { connID } })
  })

  it('obey verbs of the agent who has them', async () => {
    const centre = await setUp((request, requester) => {
      if (request.name === 'RequestInitiateTransfer') requester.refuse('unsupported')
      else if (request.name === 'RequestRetrieveCall') requester.refuse('wrongState')
      else requester.answer({ name: 'EventACK', refID: 0, time: '' })
    })
    const { ask, signIn, publish, put, world, asked } = centre
    const call = inbound(centre)
    put('1002', 'on-call')
    publish(...call.queued(), ...call.ringing(), ...call.established())
    await world.run(100)
    const [agent, stranger] = [await signIn('1002'), await signIn('1003')]
    const verb = async (name: string, body?: object, token = agent) =>
      (await ask('POST', `/api/v1/calls/${connID}/${name}`, body, token)).status

    expect(await verb('hold')).toBe(202)
    expect(await verb('retrieve')).toBe(409)
    expect(await verb('consult', { destination: '1003' })).toBe(501)
    expect(await verb('send-dtmf', { digits: '1#' })).toBe(202)
    expect(await verb('send-dtmf')).toBe(400)
    expect(await verb('single-step-transfer', { destination: '1003' })).toBe(202)
    expect(await verb('complete-transfer')).toBe(409)
    expect(await verb('dance')).toBe(400)
    expect(await verb('release', undefined, stranger)).toBe(409)
    expect(asked).toMatchObject([
      { name: 'RequestHoldCall', thisDN: '1002', connID },
      { name: 'RequestRetrieveCall' },
      { name: 'RequestInitiateTransfer', otherDN: '1003' },
      { name: 'RequestSendDtmf', dtmfDigits: '1#' },
      { name: 'RequestSingleStepTransfer', otherDN: '1003' },
    ])
  })

  it('take attached data, and lose what is set to null', async () => {
    const centre = await setUp((_request, requester) => requester.answer({ name: 'EventACK', refID: 0, time: '' }))
    const { ask, signIn, publish, put, world, asked } = centre
    const call = inbound(centre)
    put('1002', 'on-call')
    publish(...call.queued(), ...call.ringing(), ...call.established())
    await world.run(100)

    const path = `/api/v1/calls/${connID}/user-data`
    const answer = await ask('PATCH', path, { tier: 'gold', old: null }, await signIn('1002'))

    expect(answer).toEqual({ status: 200, body: { tier: 'gold' } })
    expect(asked).toMatchObject([
      { name: 'RequestAttachUserData', userData: { tier: 'gold' } },
      { name: 'RequestDeletePair', key: 'old' },
    ])
  })
})

describe('the cluster', () => {
  it('shows queues over all data centres, agents with their states, and nodes', async () => {
    const { ask, signIn, put, queues, host } = await setUp()
    const token = await signIn('1001')
    put('1001', 'ready')
    put('1002', 'on-call', { since: host.clock.wall() })
    put('1003', 'ready')
    queues.push({ number: '8010', dc: 'dc1', waiting: 2, oldest: host.clock.wall() - 4000, onCall: 1 })
    queues.push({ number: '8010', dc: 'dc2', waiting: 1, oldest: host.clock.wall() - 9000, onCall: 0 })
    const get = async (path: string) => (await ask('GET', `/api/v1/${path}`, undefined, token)).body

    expect(await get('queues')).toMatchObject([
      { number: '8010', name: 'People', waiting: 3, longestWaitSeconds: 9, ready: 1, onCall: 1, dc: 'dc1' },
    ])
    expect(await get('agents')).toMatchObject([
      { employeeId: '1001', state: 'ready', dn: '1001', node: 'node1', dc: 'dc1', live: true, skills: { human: 10 } },
      { employeeId: '1002', state: 'on-call' },
      { employeeId: '1003', state: 'ready' },
    ])
    expect(await get('nodes')).toMatchObject([
      { name: 'node1', dc: 'dc1', ready: true, calls: 0, instances: [{ role: 'primary', epoch: 1, inSync: false }] },
    ])
    expect(await get('overview')).toMatchObject({
      ...{ calls: 0, waiting: 3, agents: { ready: 2, 'on-call': 1 }, nodes: { ready: 1, all: 1 } },
      demo: { username: '1001', password: 'demo' },
    })
  })

  it('shows no call of a node that is lost, and says so', async () => {
    const centre = await setUp()
    const { ask, signIn, publish, world, port } = centre
    publish(...inbound(centre).queued())
    await world.run(100)
    const token = await signIn('1001')

    port.close()
    await world.run(50)

    expect((await ask('GET', '/api/v1/calls', undefined, token)).body).toEqual([])
    expect((await ask('GET', '/health')).body).toMatchObject({ status: 'degraded', reasons: ['node1 does not answer'] })
  })

  it('takes objects from administrators, and tells what is wrong with them', async () => {
    const { ask, signIn, applied } = await setUp()
    const token = await signIn('1000')
    const apply = (entries: object, verb = 'apply') => ask('POST', `/api/v1/config/${verb}`, { entries }, token)

    const good = await apply({ dns: [{ number: '1009' }] })
    const bad = await apply({ skills: [{ name: 'x' }] })
    const typo = await apply({ skils: [] })
    const preview = await apply({ dns: [] }, 'preview')

    expect(good).toMatchObject({ status: 200, body: { revision: 2, changes: [{ action: 'added', key: '1009' }] } })
    expect(applied).toEqual([[{ dns: [{ number: '1009' }] }, { prune: false }]])
    expect(bad).toMatchObject({ status: 400, body: { reason: 'refused', errors: [{ pointer: '/skills/x' }] } })
    expect(typo.body.detail).toContain('did you mean skills?')
    expect(preview.body).toEqual({ revision: 1, changes: [] })
  })

  it('says of what is not built that it is not', async () => {
    const { ask, signIn } = await setUp()

    const answer = await ask('POST', '/api/v1/nodes/node1/drain', undefined, await signIn('1000'))

    expect(answer).toMatchObject({ status: 501, body: { detail: expect.stringContaining('not available yet') } })
  })

  it('describes every request in OpenAPI', async () => {
    const { ask } = await setUp()

    const { body } = await ask('GET', '/api/v1/openapi.json')

    expect(body.openapi).toBe('3.1.0')
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/api/v1/session', '/api/v1/me/state', '/api/v1/calls/{connID}/{verb}']),
    )
    expect(body.paths['/api/v1/queues'].get).toMatchObject({ security: [{ bearer: [] }] })
  })
})

describe('the event stream', () => {
  const types = (heard: { type: string }[]) => heard.map(({ type }) => type)

  it('begins with a snapshot and tells each event once, with the T-Library event it comes from', async () => {
    const centre = await setUp()
    const { signIn, open, publish, put, world } = centre
    const call = inbound(centre)
    const { socket, heard } = await open('/api/v1/events')
    socket.send(JSON.stringify({ token: await signIn('1001') }))
    await world.run(100)

    publish(...call.queued(), ...call.ringing(), ...call.established(), ...call.ended())
    await world.run(100)
    put('1002', 'ready')
    await world.run(1000)

    expect(types(heard)).toEqual([
      'snapshot',
      ...['call.queued', 'call.party.changed', 'call.ringing', 'call.established', 'call.released', 'call.released'],
      ...['agent.state.changed', 'queue.stats'],
    ])
    expect(heard[3]).toMatchObject({
      subject: callUUID,
      data: { event: 'EventRinging', connID, thisDN: '1002', call: { state: 'ringing', agentId: '1002' } },
    })
    expect(heard[6]?.data).toMatchObject({ event: 'EventCallDeleted', ending: { by: 'customer', cause: 'hangup' } })
    expect(heard.slice(1).map(({ seq }, index) => seq - (heard[0]?.seq ?? 0) - index)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('goes on from where a client was, or with a snapshot when that is too long ago', async () => {
    const centre = await setUp()
    const { signIn, open, publish, world } = centre
    const call = inbound(centre)
    const token = await signIn('1001')
    const follow = async (since?: number) => {
      const { socket, heard } = await open('/api/v1/events')
      socket.send(JSON.stringify({ token, ...(since !== undefined && { since }) }))
      await world.run(100)
      return { socket, heard }
    }
    const first = await follow()
    publish(...call.queued())
    await world.run(100)
    first.socket.terminate()
    publish(...call.ringing())
    await world.run(100)

    const again = await follow(first.heard.at(-1)?.seq)
    const stranger = await follow(5)

    expect(types(again.heard)).toEqual(['call.party.changed', 'call.ringing'])
    expect(types(stranger.heard)).toEqual(['snapshot'])
    expect(stranger.heard[0]?.data.calls).toMatchObject([{ callUUID, state: 'ringing' }])
  })

  it('begins with a snapshot for who comes back after a minute in which nobody followed', async () => {
    const centre = await setUp()
    const { signIn, open, publish, world } = centre
    const call = inbound(centre)
    const token = await signIn('1001')
    const first = await open('/api/v1/events')
    first.socket.send(JSON.stringify({ token }))
    await world.run(100)
    first.socket.terminate()
    await world.run(61_000)
    publish(...call.queued())
    await world.run(100)

    const again = await open('/api/v1/events')
    again.socket.send(JSON.stringify({ token, since: first.heard.at(-1)?.seq }))
    await world.run(100)

    expect(types(again.heard)).toEqual(['snapshot'])
    expect(again.heard[0]?.data.calls).toMatchObject([{ callUUID, state: 'queued' }])
  })

  it('tells agents of their own calls only', async () => {
    const centre = await setUp()
    const { signIn, open, publish, put, world } = centre
    const call = inbound(centre)
    put('1002', 'ready')
    const follow = async (username: string) => {
      const { socket, heard } = await open('/api/v1/events')
      socket.send(JSON.stringify({ token: await signIn(username) }))
      return heard
    }
    const [agent, stranger] = [await follow('1002'), await follow('1003')]
    await world.run(100)

    publish(...call.queued(), ...call.ringing(), ...call.established())
    await world.run(2000)

    expect(types(agent).filter((type) => type.startsWith('call'))).toEqual(['call.ringing', 'call.established'])
    expect(types(stranger).filter((type) => type.startsWith('call'))).toEqual([])
  })

  it('tells an offer that was missed, and nodes that come and go', async () => {
    const { signIn, open, publish, world, port, now } = await setUp()
    const { socket, heard } = await open('/api/v1/events')
    socket.send(JSON.stringify({ token: await signIn('1003') }))
    await world.run(100)

    const agent = { thisDN: '1002', agentID: '1002', time: now(), ownerEpoch: 1 }
    publish(
      { name: 'EventAgentLogin', ...agent, eventNo: 1 },
      { name: 'EventAgentNotReady', ...agent, eventNo: 2, workMode: 'AuxWork', reasons: { 'no-answer': '' } },
    )
    await world.run(100)
    port.close()
    await world.run(1000)

    expect(heard.slice(1, 4)).toMatchObject([
      { type: 'agent.offer.missed', subject: '1002', data: { reason: 'no-answer' } },
      { type: 'connection.changed', subject: 'node1', data: { connected: false } },
      { type: 'connection.changed', subject: 'node1', data: { connected: true } },
    ])
  })

  it.each([
    ['no JSON', 'hello', 4400],
    ['no token', '{}', 4400],
    ['a token of nobody', '{"token":"x.y"}', 4401],
  ])('closes for %s', async (_what, frame, code) => {
    const { open, world } = await setUp()
    const { socket, end } = await open('/api/v1/events')

    socket.send(frame)
    await world.run(100)

    expect(end.code).toBe(code)
  })

  it('closes for a client that says nothing, one that is gone, and one whose token is over', async () => {
    const { open, world, signIn } = await setUp()
    const silent = await open('/api/v1/events')
    await world.run(6000)
    const follower = await open('/api/v1/events')
    follower.socket.send(JSON.stringify({ token: await signIn('1003') }))

    await world.run(12 * 3_600_000 - 60_000)
    const still = follower.end.code
    await world.run(120_000)

    expect([silent.end.code, still, follower.end.code]).toEqual([4400, undefined, 4401])
  })
})

describe('T-Library over WebSocket', () => {
  const register = { name: 'RequestRegisterClient', refID: 1, applicationName: 'test' }
  const names = (heard: object[]) => heard.map((event) => ('name' in event ? event.name : undefined))

  it('carries a supervisor to the port of a node, his token in a frame of its own or with the registration', async () => {
    const { open, signIn, world } = await setUp()
    const token = await signIn('1001')
    const [one, other] = [await open('/tlib/node1/t-controller'), await open('/tlib/node1.dc1/interaction-proxy')]

    one.socket.send(JSON.stringify({ token }))
    one.socket.send(JSON.stringify(register))
    other.socket.send(JSON.stringify({ ...register, token }))
    other.socket.send(JSON.stringify({ name: 'RequestHoldCall' }))
    await world.run(100)

    expect(names(one.heard)).toEqual(['EventLinkConnected'])
    expect(names(other.heard)).toEqual(['EventLinkConnected', 'EventError'])
  })

  it('ends with the node, and the connection to the node with the client', async () => {
    const { open, signIn, world, port } = await setUp()
    const token = await signIn('1001')
    const [one, other] = [await open('/tlib/node1/t-controller'), await open('/tlib/node1/t-controller')]
    for (const { socket } of [one, other]) socket.send(JSON.stringify({ ...register, token }))
    await world.run(100)

    other.socket.close()
    await world.run(100)
    const clients = [...port.clients].filter(({ applicationName }) => applicationName === 'test')
    port.close()
    await world.run(100)

    expect(clients).toHaveLength(1)
    expect(one.end.code).toBe(1001)
  })

  it.each([
    ['an agent', '1002', '/tlib/node1/t-controller', 4401],
    ['a node that is not there', '1001', '/tlib/node7/t-controller', 4404],
  ])('refuses %s', async (_what, username, path, code) => {
    const { open, signIn, world } = await setUp()
    const { socket, end } = await open(path)

    socket.send(JSON.stringify({ token: await signIn(username) }))
    await world.run(100)

    expect(end.code).toBe(code)
  })
})
