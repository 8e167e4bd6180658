import { describe, expect, it } from 'vitest'
import type { Event } from '#protocols/tlib/events.ts'
import { World } from '#simulation/world.ts'
import { callUUID, connID, inbound, setUp } from '../centre.fixture.ts'

describe('calls', () => {
  it('show from queue to end, to supervisors all and to agents their own', async () => {
    const centre = await setUp(new World(11))
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
    const { ask, signIn, put } = await setUp(new World(11), (request, requester) =>
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
    const centre = await setUp(new World(11), (request, requester) => {
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
    const centre = await setUp(new World(11), (_request, requester) =>
      requester.answer({ name: 'EventACK', refID: 0, time: '' }),
    )
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
