import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, over } from './scenes.fixture.ts'

/** 1001 has dialled 1002 and requires reliable provisional responses; the phone rings. */
async function ringing(late = false) {
  const { world, r } = await freshRig(new World())
  r.phone('1002').onCall = () => {}
  const caller = r.phone('1001').dial('1002', { late, fields: [['Require', '100rel']] })
  await world.run(100)
  return { world, r, caller, callee: r.phone('1002').line }
}

const at = (port: number) => `127.0.2.2:${port}`
const described = (sdp: string) => at(Number(/m=audio (\d+)/.exec(sdp)?.[1]))

describe('a caller that requires reliable provisional responses (RFC 3262)', () => {
  it('hears early what the called phone says, and the answer is the same', async () => {
    const { world, r, caller, callee } = await ringing()

    callee.early()
    callee.ring()
    await world.run(1000)
    callee.answer()
    await world.run(1000)

    const audio = described(callee.sdp)
    expect(caller.heard).toEqual([`183 ${audio}`, '180', `200 ${audio}`])
    callee.hangUp()
    await world.run(100)
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('is told by re-INVITE where the answer is another than what it heard early (§5)', async () => {
    const { world, r, caller, callee } = await ringing()

    callee.early()
    await world.run(1000)
    const early = described(callee.sdp)
    callee.sdp = callee.sdp.replace(/m=audio \d+/, 'm=audio 20000')
    callee.early()
    callee.answer()
    await world.run(1000)

    expect(caller.heard).toEqual([`183 ${early}`, '183', `200 ${early}`, `re-INVITE ${at(20000)}`])
    caller.hangUp()
    await world.run(100)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('changes its own offer while the phone rings: the phone learns it when it has answered (RFC 3311 §5.2)', async () => {
    const { world, r, caller, callee } = await ringing()
    callee.early()
    await world.run(1000)

    caller.sdp = caller.sdp.replace(/m=audio \d+/, 'm=audio 30000')
    caller.update()
    await world.run(1000)
    callee.answer()
    await world.run(1000)

    expect(caller.heard).toEqual([`183 ${described(callee.sdp)}`, 'UPDATE 200', `200 ${described(callee.sdp)}`])
    expect(callee.heard.slice(-2)).toEqual(['ACK', 're-INVITE 127.0.2.1:30000'])
    caller.hangUp()
    await world.run(100)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('and wants our offer hears nothing before the answer', async () => {
    const { world, r, caller, callee } = await ringing(true)

    callee.ring()
    await world.run(1000)
    callee.answer()
    await world.run(1000)

    expect(caller.heard).toEqual([`200 ${described(callee.sdp)}`])
    caller.hangUp()
    await world.run(100)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('and vanishes while the phone rings is known to be gone', async () => {
    const { world, r, callee } = await ringing()
    callee.ring()
    world.crash('1001')

    await world.run(40_000)

    expect(callee.heard.at(-1)).toMatch(/^CANCEL/)
    await over(r, { by: 'cluster', cause: 'session-expired' })
  })
})
