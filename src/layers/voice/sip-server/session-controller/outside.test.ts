import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, over, ringing, routedTalk } from './scenes.fixture.ts'

const abroad = '0012125550100'

describe('a call of one of our DNs to the outside (toll fraud)', () => {
  it('counts for that DN until it has ended', async () => {
    const { world, r } = await freshRig(new World())

    const caller = r.phone('1002').dial(abroad)
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)
    const during = [...r.outside.legs]
    caller.hangUp()
    await world.run(100)

    expect(during).toEqual(['1002'])
  })

  it.each([
    ['forbidden', '403', { by: 'cluster', cause: 'forbidden', status: 403 }],
    ['limit', '500', { by: 'carrier', cause: 'refused', status: 503 }],
  ] as const)('is refused where the DN may not have it: %s, and no trunk is asked', async (refusal, status, ending) => {
    const { world, r } = await freshRig(new World())
    r.outside.refusal = refusal

    const caller = r.phone('1002').dial(abroad)
    await world.run(100)

    expect(caller.heard.at(-1)).toBe(status)
    expect(() => r.carrier.line).toThrow('has no call')
    await over(r, ending)
  })

  it('counts for the DN that transfers a call there by REFER, whoever called', async () => {
    const { world, r, agent } = await routedTalk(new World())

    agent.send('REFER', [['Refer-To', `<sip:${abroad}@ringmain>`]])
    await world.run(100)
    const during = [...r.outside.legs]
    r.carrier.line.answer()
    await world.run(100)
    r.carrier.line.hangUp()
    await world.run(100)

    expect(during).toEqual(['1001'])
  })

  it('stays with the DN that wanted to transfer it where that may not: the caller hears nothing of it', async () => {
    const { world, r, caller, agent } = await routedTalk(new World())
    r.outside.refusal = 'forbidden'
    agent.heard.length = 0

    agent.send('REFER', [['Refer-To', `<sip:${abroad}@ringmain>`]])
    await world.run(100)
    const last = agent.requests.findLast(({ method }) => method === 'NOTIFY')?.body.toString()
    const heard = [...agent.heard]
    caller.hangUp()
    await world.run(100)

    expect(last).toMatch(/^SIP\/2\.0 403 /)
    expect(heard).not.toContain('BYE')
  })

  it('counts for nobody where both are ours', async () => {
    const { world, r, caller } = await ringing(new World())

    expect(r.outside.legs).toEqual([])
    caller.cancel()
    await world.run(100)
  })
})
