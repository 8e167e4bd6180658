import { describe, expect, it } from 'vitest'
import { rawPeer } from '#protocols/sip/core/phones.fixture.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import { World } from '#simulation/world.ts'
import { description, nodeHost } from './phones.fixture.ts'
import { freshRig, over } from './scenes.fixture.ts'

const seconds = (count: number) => count * 1000
const sessionTimer = { expires: 1800, least: 90 }
const timed = (value: string) =>
  [
    ['Supported', 'timer'],
    ['Session-Expires', value],
  ] as const

/** 1001 has called 1002 with these fields, and both talk. */
async function talking(fields: readonly (readonly [string, string])[]) {
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

/** A trunk that is bytes alone talks to 1002; it answers our OPTIONS, and re-INVITEs with `status`. */
async function trunkTalks(fields: readonly (readonly [string, string])[]) {
  const { world, r } = await freshRig(new World(), { sessionTimer })
  const host = '127.0.3.7'
  const raw = await rawPeer(world, host)
  const sdp = { type: 'application/sdp', bytes: Buffer.from(description(host)) }
  const parts = { requestURI: 'sip:1002@127.0.0.1', from: '<sip:+4420@x>;tag=r', to: '<sip:1002@x>', fields, body: sdp }
  raw.request('INVITE', parts, nodeHost)
  await world.run(100)
  r.phone('1002').line.answer()
  await world.run(100)
  raw.request('ACK', { ...parts, to: raw.last('200').header('To') ?? '', body: undefined }, nodeHost)
  const contact = `<sip:raw@${host}>`
  const refreshed = { contact, fields: timed('300;refresher=uac'), body: sdp }
  const pass = async (time: number, status: number) => {
    for (let passed = 0; passed < time; passed += seconds(1)) {
      await world.run(seconds(1))
      const news = raw.heard()
      if (news.includes('OPTIONS')) raw.send(buildResponse(raw.last('OPTIONS'), 200, { contact }), nodeHost)
      if (!news.includes('INVITE')) continue
      raw.send(buildResponse(raw.last('INVITE'), status, status === 200 ? refreshed : { contact }), nodeHost)
    }
  }
  return { r, raw, pass }
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
    const { r, raw, pass } = await trunkTalks(timed('300;refresher=uas'))
    await pass(seconds(400), 200)

    const { cseq, body } = raw.last('INVITE')
    expect(cseq).toBeGreaterThan(10)
    expect(body.toString()).toBe(raw.last('200').body.toString())
    expect(r.phone('1002').line.heard.filter((what) => what.startsWith('re-INVITE'))).toEqual([])
    r.phone('1002').line.hangUp()
    await r.world.run(100)
    await over(r, { by: 'agent', cause: 'hangup' })
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
