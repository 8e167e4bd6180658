import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { connIDs, formatConnID, parseConnID } from './conn-id.ts'
import { type EventName, eventSchemas, events } from './events.ts'
import { requests } from './requests.ts'
import { readRequest } from './validate.ts'

/** The list of the contract, §6. */
const contract = `RegisterClient Acknowledge StartCallMonitoring StopCallMonitoring RegisterAddress UnregisterAddress
QueryAddress QueryCall QueryServer MakeCall MakePredictiveCall AnswerCall ReleaseCall ClearCall HoldCall RetrieveCall
AlternateCall ReconnectCall RedirectCall InitiateTransfer CompleteTransfer MuteTransfer SingleStepTransfer
InitiateConference CompleteConference SingleStepConference DeleteFromConference RouteCall ApplyTreatment SendDtmf
AttachUserData UpdateUserData DeletePair DeleteUserData AgentLogin AgentLogout AgentReady AgentNotReady ReserveAgent
MonitorNextCall CancelMonitoring SetMuteOn SetMuteOff SetDNDOn SetDNDOff CallForwardSet CallForwardCancel
PrivateService DistributeUserEvent SendUserEvent`

describe('T-Library messages', () => {
  it('know every request of the contract, and no other', () => {
    const listed = contract.split(/\s+/).map((name) => `Request${name}`)

    expect(Object.keys(requests).sort()).toEqual(listed.sort())
  })

  it('accept the EventRinging of the contract', () => {
    const ringing = {
      name: 'EventRinging',
      seq: 7,
      eventNo: 3,
      time: '2026-11-22T10:00:00.000Z',
      connID: '0001000100000007',
      callUUID: '0193b7c0-0000-7000-8000-000000000000',
      callType: 'Inbound',
      thisDN: '1001',
      thisDNRole: 'Destination',
      otherDN: '+442079460018',
      thisQueue: '8010',
      agentID: '1001',
      userData: { tier: 'gold' },
    }

    expect(Compile(eventSchemas.EventRinging).Check(ringing)).toBe(true)
  })

  it('have on every call event the ConnID, CallUUID, CallType, ThisDN, its role, number and time', () => {
    const device = (Object.keys(events) as EventName[]).filter((name) => {
      const required: readonly string[] = events[name].required
      return required.includes('thisDNRole')
    })

    expect(device.length).toBeGreaterThan(20)
    for (const name of device)
      expect(events[name].required).toEqual(
        expect.arrayContaining(['connID', 'callUUID', 'callType', 'thisDN', 'time', 'eventNo']),
      )
  })

  it.each([
    ['is no object', 'hello', /JSON object with a name/],
    ['has no known name', { name: 'RequestMakeTea', refID: 4 }, /RequestMakeTea is no request/],
    ['lacks an attribute', { name: 'RequestMakeCall', refID: 4, thisDN: '1001' }, /otherDN/],
    [
      'carries an unknown attribute',
      { name: 'RequestAgentReady', refID: 4, thisDN: '1001', colour: 'red' },
      /colour is no attribute/,
    ],
    ['has a wrong type', { name: 'RequestAgentReady', refID: 4, thisDN: 1001 }, /thisDN must be string/],
    ['has a malformed ConnID', { name: 'RequestReleaseCall', refID: 4, thisDN: '1001', connID: 'x' }, /connID/],
  ])('refuse, in words, a request that %s', (_what, value, words) => {
    const read = readRequest(value)

    expect(read).toHaveProperty('misread', expect.stringMatching(words))
  })

  it('give a well-formed request back as it is', () => {
    const request = { name: 'RequestAgentNotReady', refID: 9, thisDN: '1001', reasons: { reason: 'lunch' } }

    expect(readRequest(request)).toBe(request)
  })
})

describe('a ConnID', () => {
  it('carries its node, epoch and counter through 16 hex digits', () => {
    const part = (max: number) => fc.integer({ min: 0, max })

    fc.assert(
      fc.property(part(0xffff), part(0xffff), part(0xffffffff), (node, epoch, counter) => {
        const text = formatConnID({ node, epoch, counter })
        expect(text).toMatch(/^[0-9a-f]{16}$/)
        expect(parseConnID(text)).toEqual({ node, epoch, counter })
      }),
    )
  })

  it('is given once by an instance, in the form of the contract', () => {
    const next = connIDs(1, 1)

    expect([next(), next()]).toEqual(['0001000100000001', '0001000100000002'])
  })

  it('is not read from anything else', () => {
    expect(['', '1', '000100010000000G', '00010001000000070'].map(parseConnID)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})
