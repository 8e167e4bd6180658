import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { setUp } from '../centre.fixture.ts'

describe('an agent', () => {
  it('logs in on a DN at the node that has it in service, and is told how he is', async () => {
    const centre = await setUp(new World(11), (request, requester) => {
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
    const { ask, signIn } = await setUp(new World(11), (_request, requester) => requester.refuse(error))

    const answer = await ask('PUT', '/api/v1/me/place', { dn: '1002' }, await signIn('1002'))

    expect(answer).toMatchObject({ status, body: { status, reason } })
  })

  it('is told when the node does not answer', async () => {
    const { ask, signIn } = await setUp(new World(11))

    const answer = await ask('PUT', '/api/v1/me/place', { dn: '1002' }, await signIn('1002'))

    expect(answer).toMatchObject({ status: 504, body: { reason: 'timeout' } })
  })

  it('changes his state; a call in progress shows whatever is to follow it', async () => {
    const { ask, signIn, put, asked } = await setUp(new World(11), (_request, requester) =>
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
    const { ask, signIn, put, asked } = await setUp(new World(11), (_request, requester) =>
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
    const { ask, signIn } = await setUp(new World(11))

    const answer = await ask('PUT', '/api/v1/me/state', { stat: 'ready' }, await signIn('1002'))

    expect(answer).toMatchObject({ status: 400 })
    expect(JSON.stringify(answer.body)).toContain('stat is no key here; did you mean state?')
  })
})
