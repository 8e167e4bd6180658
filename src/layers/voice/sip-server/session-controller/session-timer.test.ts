import { describe, expect, it } from 'vitest'
import type { Fields } from '#protocols/sip/core/session.ts'
import { World } from '#simulation/world.ts'
import { freshRig, over, rawTalks } from './scenes.fixture.ts'

const seconds = (count: number) => count * 1000
const sessionTimer = { expires: 1800, least: 90 }
const timed = (value: string) =>
  [
    ['Supported', 'timer'],
    ['Session-Expires', value],
  ] as const

/** 1001 has called 1002 with these fields, and both talk. */
async function talking(fields: Fields) {
  const { world, r } = await freshRig(new World(), { sessionTimer })
  const caller = r.phone('1001').dial('1002', { fields })
  await world.run(100)
  const callee = r.phone('1002').line
  callee.answer()
  await world.run(100)
  r.events()
  caller.heard.length = 0
  callee.heard.length = 0
  return { world, r, caller, callee }
}

/** A trunk that is bytes alone talks to 1002; it answers our OPTIONS, and re-INVITEs with `status`, from `port`. */
async function trunkTalks(fields: Fields) {
  const talk = await rawTalks(new World(), '+4420', fields, { sessionTimer })
  const { world, raw, answers, rawSdp } = talk
  const pass = async (time: number, status: number, port?: number) => {
    const refreshed = status === 200 ? timed('300;refresher=uac') : []
    for (let passed = 0; passed < time; passed += seconds(1)) {
      await world.run(seconds(1))
      const news = raw.heard()
      if (news.includes('OPTIONS')) answers('OPTIONS', 200)
      if (news.includes('INVITE')) answers('INVITE', status, refreshed, rawSdp('sendrecv', port))
    }
  }
  return { ...talk, pass }
}

describe('a session timer of a leg (RFC 4028)', () => {
  it('that its phone does not refresh ends the call: session-expired, both Dropped', async () => {
    const { world, r, caller, callee } = await talking(timed('300;refresher=uac'))

    await world.run(seconds(270))

    expect(caller.heard).toEqual(['BYE SIP;cause=408;text="Session Timer Expired"'])
    expect(callee.heard).toEqual(['BYE'])
    expect(r.events()).toEqual(['Released 1001 Dropped', 'Released 1002 Dropped'])
    await over(r, { by: 'cluster', cause: 'session-expired' })
  })

  it('that we refresh is refreshed by a re-INVITE that changes nothing where the peer takes no UPDATE', async () => {
    const { world, r, raw, callee, pass } = await trunkTalks(timed('300;refresher=uas'))
    await pass(seconds(400), 200)

    const { cseq, body } = raw.last('INVITE')
    expect(cseq).toBeGreaterThan(10)
    expect(body.toString()).toBe(raw.last('200').body.toString())
    expect(callee.heard.filter((what) => what.startsWith('re-INVITE'))).toEqual([])
    callee.hangUp()
    await world.run(100)
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('tells the other side where the peer has moved that says so in its answer to a refresh, each time', async () => {
    const { world, callee, rawHost, pass } = await trunkTalks(timed('300;refresher=uas'))

    for (const port of [10_044, 10_046, 10_048]) await pass(seconds(160), 200, port)
    const told = callee.heard.filter((what) => what.startsWith('re-INVITE'))
    callee.hangUp()
    await world.run(100)

    expect(told).toEqual([10_044, 10_046, 10_048].map((port) => `re-INVITE ${rawHost}:${port}`))
  })

  it('ends the call where every refresh is refused, though our OPTIONS are answered', async () => {
    const { r, pass } = await trunkTalks(timed('300;refresher=uas'))

    await pass(seconds(300), 500)

    await over(r, { by: 'cluster', cause: 'session-expired' })
  })

  it('is asked for on the other leg too, whose phone needs none: the probe by OPTIONS still watches it', async () => {
    const { world, r, callee } = await talking([])

    await world.run(seconds(3000))
    expect(callee.requests[0]?.header('Session-Expires')).toBe('1800')
    expect(r.controller.active).toBe(1)
    world.crash('1002')
    await world.run(seconds(60))

    await over(r, { by: 'cluster', cause: 'session-expired' })
  })
})
