import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Line } from './phones.fixture.ts'
import { routedTalk, talking } from './scenes.fixture.ts'

type Talk = Awaited<ReturnType<typeof routedTalk>>

const refer = (line: Line, to: string) => line.send('REFER', [['Refer-To', `<sip:${to}@ringmain>`]])

describe('the media of who is transferred', () => {
  it.each([
    ['by its phone', async ({ agent }: Talk) => agent.reinvite('sendonly')],
    ['by request', async ({ r }: Talk) => void r.ask('RequestHoldCall', { thisDN: '1001' })],
  ])('takes who stays off the hold that who transferred has put it on %s', async (_, hold) => {
    const direct = await routedTalk(new World())
    const toQueue = await routedTalk(new World())
    for (const talk of [direct, toQueue]) {
      await hold(talk)
      await talk.world.run(100)
    }

    refer(direct.agent, '1002')
    await direct.world.run(100)
    const third = direct.r.phone('1002').line
    third.answer()
    refer(toQueue.agent, '8001')
    for (const { world } of [direct, toQueue]) await world.run(100)

    expect(third.heard[0]).toBe('INVITE 127.0.3.1:10002')
    expect(direct.caller.heard.at(-1)).toBe('re-INVITE 127.0.2.2:10002')
    expect(toQueue.caller.heard.at(-1)).toBe('re-INVITE 127.0.0.9:20002')
    for (const { caller } of [direct, toQueue]) caller.hangUp()
  })

  it.each([100, 5000])(
    'tells who stays of a third that answers after %i ms, though a glare was not over',
    async (ms) => {
      const { world, r, caller, agent } = await routedTalk(new World())
      caller.reofferAnswer = 491
      const hold = r.ask('RequestHoldCall', { thisDN: '1001' })
      await world.run(100)

      refer(agent, '1002')
      await world.run(100)
      caller.reofferAnswer = undefined
      await world.run(ms)
      r.phone('1002').line.answer()
      await world.run(5000)

      expect(caller.heard.at(-1)).toBe('re-INVITE 127.0.2.2:10002')
      expect(hold.told).toEqual([expect.stringMatching(/^Error/)])
      caller.hangUp()
    },
  )

  it('answers who stays what its offer comes to that waited for who has left: it may be made again (RFC 3261 §14.2)', async () => {
    const { world, r, caller, callee } = await talking(new World())
    callee.slow = true
    caller.reinvite('sendonly')
    await world.run(100)

    r.ask('RequestSingleStepTransfer', { thisDN: '1002', otherDN: '1003' })
    await world.run(100)
    r.phone('1003').line.answer()
    await world.run(100)
    caller.hangUp()

    expect(caller.heard.slice(0, 2)).toEqual(['re-INVITE 491', 're-INVITE 127.0.2.3:10002'])
  })

  it('refuses a hold that waited for who has left', async () => {
    const { world, r, caller, callee } = await talking(new World())
    callee.slow = true
    const hold = r.ask('RequestHoldCall', { thisDN: '1001' })
    await world.run(100)

    r.ask('RequestSingleStepTransfer', { thisDN: '1002', otherDN: '1003' })
    await world.run(100)
    const { told } = hold
    caller.hangUp()

    expect(told).toEqual([expect.stringMatching(/^Error 93 .*the other side has left$/)])
  })

  it.each([100, 5000])(
    'lets who stays hear a third that answers after %i ms, though a retrieve was not over when who held it transferred it',
    async (ms) => {
      const { world, r, caller, agent } = await routedTalk(new World())
      r.ask('RequestHoldCall', { thisDN: '1001' })
      await world.run(100)
      caller.reofferAnswer = 491
      const retrieve = r.ask('RequestRetrieveCall', { thisDN: '1001' })
      await world.run(100)

      refer(agent, '1002')
      await world.run(100)
      caller.reofferAnswer = undefined
      await world.run(ms)
      r.phone('1002').line.answer()
      await world.run(5000)

      expect(caller.heard.at(-1)).toBe('re-INVITE 127.0.2.2:10002')
      expect(retrieve.told).toEqual([expect.stringMatching(/^Error/)])
      caller.hangUp()
    },
  )

  it('bridges both in the media server where the third speaks nothing of the offer, e.g. SRTP alone', async () => {
    for (const rings of [false, true]) {
      const { world, r, caller, agent } = await routedTalk(new World())
      r.phone('1002').onCall = (line) => (rings ? line.ring() : undefined)
      refer(agent, '1002')
      await world.run(100)
      r.phone('1002').line.reject(488)
      await world.run(100)
      r.phone('1002').line.answer()
      await world.run(100)

      expect(r.phone('1002').lines.map(({ heard }) => heard[0])).toEqual(['INVITE 127.0.3.1:10002', 'INVITE nothing'])
      expect(r.events().slice(-1)).toEqual(['Established 1002'])
      expect(caller.heard.at(-1)).toMatch(/^re-INVITE 127\.0\.0\.9:/)
      caller.hangUp()
    }
  })

  it('lets a third go that answers at once with what no media server speaks: who transfers keeps the call', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })
    r.events()
    r.phone('1002').onCall = (line) => {
      line.sdp = line.sdp.replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF')
      line.answer()
    }

    refer(agent, '1002')
    await world.run(100)
    const outcome = agent.requests.at(-1)?.body.toString()
    const events = r.events()
    caller.hangUp()

    expect(r.phone('1002').line.heard.at(-1)).toBe('BYE')
    expect(outcome).toMatch(/^SIP\/2\.0 488 /)
    expect(events.at(-1)).toMatch(/^Released 1002/)
    expect(events).not.toContain('Released 1001 Transferred')
  })
})
