import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { endingOf } from './rig.fixture.ts'
import { freshRig, over, ringing, talking } from './scenes.fixture.ts'

describe('who may call (architecture §4)', () => {
  it('challenges a From with one of our DNs, whatever its source', async () => {
    const { world, r } = await freshRig(new World())
    r.challenged.add('1001')

    const caller = r.carrier.dial('1002', { from: '1001' })
    await world.run(100)

    expect(caller.heard).toEqual(['401'])
    expect(r.published).toEqual([])
  })

  it('refuses who is on no trunk with 403, and keeps no record', async () => {
    const { world, r } = await freshRig(new World())

    const caller = r.carrier.dial('1002', { from: 'stranger' })
    await world.run(100)

    expect(caller.heard).toEqual(['403'])
    expect(r.published).toEqual([])
  })

  it('refuses calls from trunk to trunk with 403: toll fraud', async () => {
    const { world, r } = await freshRig(new World())

    const caller = r.carrier.dial('0012125550100')
    await world.run(100)

    expect(caller.heard).toEqual(['403'])
    expect(r.events()).toEqual([])
    await over(r, { by: 'cluster', cause: 'forbidden', status: 403 })
  })

  it('answers 503 without Retry-After beyond the most calls', async () => {
    const { world, r, caller } = await talking(new World(), { mostCalls: 1 })

    const second = r.carrier.dial('1003')
    await world.run(100)

    expect(second.heard).toEqual(['503'])
    expect(endingOf(r)).toEqual({ by: 'cluster', cause: 'overload', status: 503 })
    caller.hangUp()
  })

  it('refuses a new call with 503 without Retry-After where there is no room, and does nothing else for it', async () => {
    const { world, r } = await freshRig(new World(), { overloaded: true })

    const caller = r.carrier.dial('1002')
    await world.run(100)

    expect(caller.heard).toEqual(['503'])
    expect(r.published).toEqual([])
  })

  it('asks once whether there is room, and not for an INVITE that is challenged', async () => {
    let asked = 0
    const { world, r } = await freshRig(new World(), { asked: () => asked++ })
    r.challenged.add('1001')

    const challenged = r.carrier.dial('1002', { from: '1001' })
    await world.run(100)
    const before = asked
    const caller = r.carrier.dial('1002')
    await world.run(100)
    caller.cancel()
    await world.run(100)

    expect(challenged.heard).toEqual(['401'])
    expect([before, asked]).toEqual([0, 1])
    await r.settled()
  })

  it('says which calls no proxy can keep back: emergency calls, and those that a desktop asks for (RFC 7339 §5.10.1)', async () => {
    const asked: boolean[] = []
    const { world, r } = await freshRig(new World(), { asked: (thinned) => void asked.push(thinned) })

    const caller = r.carrier.dial('1002')
    r.carrier.dial('112')
    await world.run(100)
    r.ask('RequestMakeCall', { thisDN: '1003', otherDN: '1001' })
    await world.run(100)
    caller.cancel()
    r.phone('1003').line.reject(486)
    await world.run(100)

    expect(asked).toEqual([true, false, false])
  })

  it('refuses calls beyond those that a trunk may have until one has ended: in with 503, out with 500', async () => {
    const { world, r } = await freshRig(new World(), { trunkLegs: 1 })
    const first = r.carrier.dial('1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)

    const inwards = r.carrier.dial('1003')
    const outwards = r.phone('1002').dial('0012125550100')
    await world.run(100)
    first.hangUp()
    await world.run(100)
    const after = r.carrier.dial('1003')
    await world.run(100)

    expect(inwards.heard).toEqual(['503'])
    expect(outwards.heard.at(-1)).toBe('500')
    expect(after.heard).toEqual(['180'])
    after.cancel()
  })

  it('takes no new call while it drains, and is idle when the last has ended', async () => {
    const { world, r, caller } = await talking(new World())
    let idle = false

    void r.controller.drain().then(() => {
      idle = true
    })
    const second = r.phone('1003').dial('1002')
    await world.run(100)
    const before = idle
    caller.hangUp()
    await world.run(100)

    expect(second.heard).toEqual(['503'])
    expect([before, idle]).toEqual([false, true])
  })

  it('stops with BYE to all and complete records', async () => {
    const { world, r, caller, callee } = await talking(new World())

    await world.complete(r.controller.stop())
    await world.run(100)

    expect(caller.heard.at(-1)).toContain('BYE')
    expect(callee.heard.at(-1)).toContain('BYE')
    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
    await over(r, { by: 'cluster', cause: 'shutdown' })
  })
})

describe('a bug in the step of a call', () => {
  it('ends that call alone: BYE to both, ending error 500, every DN given back (style §9)', async () => {
    const { world, r, caller, callee } = await talking(new World())
    const other = r.carrier.dial('1003')
    await world.run(100)
    r.phone('1003').line.answer()
    await world.run(100)

    r.publisher.sabotaged = 'EventHeld'
    callee.reinvite('sendonly')
    await world.run(100)
    const endings = [...r.ended]
    const heard = [caller.heard.at(-1), callee.heard.at(-1)]
    other.hangUp()
    await world.run(100)

    expect(endings).toEqual(['cluster error'])
    for (const last of heard) expect(last).toContain('BYE')
    expect(r.ended).toEqual(['cluster error', 'customer hangup'])
  })

  it('has complete records also where it came before the event', async () => {
    const { world, r, caller, callee } = await ringing(new World())

    r.publisher.sabotaged = 'EventEstablished'
    callee.answer()
    await world.run(100)

    expect(caller.heard.at(-1)).toContain('BYE')
    await over(r, { by: 'cluster', cause: 'error', status: 500 })
  })
})
