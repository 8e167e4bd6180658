import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Rig } from './rig.fixture.ts'
import { talking } from './scenes.fixture.ts'

const hold = (r: Rig, thisDN: string) => r.ask('RequestHoldCall', { thisDN })
const retrieve = (r: Rig, thisDN: string) => r.ask('RequestRetrieveCall', { thisDN })

/** 1002 holds 1001 by its desktop. */
async function held() {
  const all = await talking(new World())
  hold(all.r, '1002')
  await all.world.run(100)
  all.r.events()
  all.caller.heard.length = 0
  all.callee.heard.length = 0
  return all
}

describe('a hold by request (event flows §6)', () => {
  it('is not undone by what the held side offers; its new address is told at the retrieve (RFC 3264 §8.4)', async () => {
    const { world, r, caller, callee } = await held()

    caller.sdp = caller.sdp.replace('m=audio 10002', 'm=audio 10044')
    caller.reinvite()
    await world.run(100)
    const heard = [[...caller.heard], [...callee.heard]]
    const events = r.events()
    const asked = retrieve(r, '1002')
    await world.run(100)
    caller.hangUp()

    expect(heard).toEqual([['re-INVITE 200 127.0.2.2:10002 inactive'], []])
    expect(events).toEqual([])
    expect(asked.told).toEqual(['Retrieved'])
    expect(caller.heard.at(1)).toBe('re-INVITE 127.0.2.2:10002')
    expect(callee.heard).toEqual(['re-INVITE 127.0.2.1:10044'])
  })

  it('answers as many sections as the held side offers, none of which lets anything flow', async () => {
    const { world, caller } = await held()

    caller.sdp += 'm=video 10046 RTP/AVP 96\r\n'
    caller.reinvite()
    await world.run(100)
    caller.hangUp()

    expect(caller.heard).toEqual(['re-INVITE 200 127.0.2.2:10002 inactive'])
    expect(caller.remote).toMatch(/m=video 0 /)
  })

  it('is nobody else’s hold where the held side repeats that nothing flows (RFC 6337 §5.3)', async () => {
    const { world, r, caller } = await held()

    caller.reinviteLate('inactive')
    await world.run(100)
    caller.reinvite('inactive')
    await world.run(100)
    const events = r.events()
    caller.hangUp()

    expect(events).toEqual([])
  })

  it('lets the phone of the held side hold and retrieve meanwhile, with one event each', async () => {
    const { world, r, caller, callee } = await held()

    caller.reinvite('sendonly')
    await world.run(100)
    caller.reinvite('sendrecv')
    await world.run(100)
    const events = r.events()
    const heard = [...callee.heard]
    caller.hangUp()

    expect(events).toEqual(['Held 1001', 'Retrieved 1001'])
    expect(heard).toEqual([])
    expect(caller.heard).toEqual(['re-INVITE 200 127.0.2.2:10002 inactive', 're-INVITE 200 127.0.2.2:10002 inactive'])
  })

  it('of both sides lets nothing flow before both have retrieved', async () => {
    const { world, r, caller, callee } = await held()
    hold(r, '1001')
    await world.run(100)
    r.events()
    caller.heard.length = 0
    callee.heard.length = 0

    const first = retrieve(r, '1001')
    await world.run(100)
    const silent = [...caller.heard, ...callee.heard]
    const second = retrieve(r, '1002')
    await world.run(100)
    const events = r.events()
    caller.hangUp()

    expect([first.told, second.told]).toEqual([['Retrieved'], ['Retrieved']])
    expect(events).toEqual(['Retrieved 1001', 'Retrieved 1002'])
    expect(silent).toEqual([])
    expect([caller.heard, callee.heard]).toEqual([['re-INVITE 127.0.2.2:10002'], ['re-INVITE 127.0.2.1:10002']])
  })

  it('is undone by the phone of who holds, with an event', async () => {
    const { world, r, caller, callee } = await held()

    callee.reinvite('inactive')
    await world.run(100)
    const repeated = [...r.events(), ...caller.heard]
    callee.reinvite('sendrecv')
    await world.run(100)
    caller.hangUp()

    expect(repeated).toEqual([])
    expect(r.events()[0]).toBe('Retrieved 1002')
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002'])
  })

  it('holds though the other side changes its audio in the glare that put it off (RFC 3261 §14.1)', async () => {
    const { world, r, caller, callee } = await talking(new World())
    caller.reofferAnswer = 491
    const asked = hold(r, '1002')
    await world.run(100)
    caller.reofferAnswer = undefined

    caller.sdp = caller.sdp.replace('m=audio 10002', 'm=audio 10044')
    caller.reinvite()
    await world.run(5000)
    caller.hangUp()

    expect(asked.told).toEqual(['Held'])
    expect(caller.heard.at(-1)).toBe('re-INVITE 127.0.2.2:10002 inactive')
    expect(caller.heard).not.toContain('re-INVITE 127.0.2.2:10002')
    expect(callee.heard).toEqual(['re-INVITE 127.0.2.1:10044', 're-INVITE 127.0.2.1:10044 inactive'])
  })
})
