import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { offered, over, rawTalks, talking } from './scenes.fixture.ts'

describe('a re-INVITE that fails for a moment', () => {
  it.each([430, 504])('tries a re-INVITE again that found a broken connection (%i): RFC 5626 §5.3', async (status) => {
    const { world, r, caller, agent } = await offered(new World())
    caller.reofferAnswer = status

    agent.answer()
    await world.run(1000)
    caller.reofferAnswer = undefined
    await world.run(3000)
    const heard = caller.heard.at(-1)
    caller.hangUp()
    await world.run(100)

    expect(heard).toBe('re-INVITE 127.0.2.1:10002')
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('tries again after 500 as its Retry-After says, which is a glare too (RFC 3261 §14.2); another one is a refusal', async () => {
    const { world, r, raw, callee, answers } = await rawTalks(new World())
    const hold = async () => {
      const { told } = r.ask('RequestHoldCall', { thisDN: '1002' })
      await world.run(100)
      return told
    }

    const refused = await hold()
    answers('INVITE', 500, [['Retry-After', '60']])
    await world.run(100)
    const taken = await hold()
    answers('INVITE', 500, [['Retry-After', '3']])
    await world.run(2900)
    raw.heard()
    await world.run(200)
    const again = raw.heard()
    answers('INVITE', 200)
    await world.run(100)
    callee.hangUp()

    expect(refused).toEqual([expect.stringMatching(/^Error 93 .*the other side refused$/)])
    expect([again, taken]).toEqual([['INVITE'], ['Held']])
  })

  it('tells a side whose offer meets a broken connection to try again, and of any other request 500', async () => {
    const { world, caller, callee } = await talking(new World())
    caller.reofferAnswer = 430
    Object.assign(caller, { requested: ({ respond }: { respond(status: number): void }) => respond(430) })

    callee.reinvite('sendonly')
    callee.send('INFO', [], { type: 'application/dtmf-relay', bytes: Buffer.from('Signal=1') })
    await world.run(100)
    callee.hangUp()

    expect(callee.heard).toEqual(expect.arrayContaining(['re-INVITE 491', 'INFO 500']))
  })
})
