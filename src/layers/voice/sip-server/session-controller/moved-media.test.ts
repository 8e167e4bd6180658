import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Line } from './phones.fixture.ts'
import { freshRig, offered, routedTalk } from './scenes.fixture.ts'

type Scene = { readonly waiting: Line; readonly rung: Line }

const routed = async (world: World): Promise<Scene> => {
  const { caller, agent } = await offered(world)
  return { waiting: caller, rung: agent }
}

const transferred = async (world: World): Promise<Scene> => {
  const { r, caller } = await routedTalk(world)
  r.ask('RequestSingleStepTransfer', { thisDN: '1001', otherDN: '1002' })
  await world.run(100)
  return { waiting: caller, rung: r.phone('1002').line }
}

const dialled = async (world: World): Promise<Scene> => {
  const { r } = await freshRig(world)
  r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '1002' })
  await world.run(100)
  const waiting = r.phone('1001').line
  waiting.answer()
  await world.run(100)
  return { waiting, rung: r.phone('1002').line }
}

describe('the media of who waits for a phone that rings', () => {
  it.each([
    ['in a queue', routed],
    ['as its partner transfers it', transferred],
    ['for whom it dials by request', dialled],
  ])('is told to that one where it has moved meanwhile: %s', async (_what, scene) => {
    const world = new World()
    const { waiting, rung } = await scene(world)

    waiting.sdp = waiting.sdp.replace('m=audio 10002', 'm=audio 10044')
    waiting.reinvite()
    await world.run(100)
    rung.answer()
    await world.run(100)
    const [there, here] = [rung, waiting].map(({ remote }) => /m=audio (\d+)/.exec(remote ?? '')?.[1])
    const told = rung.heard.filter((what) => what.startsWith('re-INVITE')).length
    waiting.hangUp()
    await world.run(100)

    expect([there, here]).toEqual(['10044', '10002'])
    expect(told).toBe(1)
  })

  it('is told to the media server, too, where that one takes its time', async () => {
    const world = new World()
    const { r } = await freshRig(world)
    r.media.slow = true
    r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '8900' })
    await world.run(100)
    const { line } = r.phone('1001')
    line.answer()
    await world.run(100)

    line.sdp = line.sdp.replace('m=audio 10002', 'm=audio 10044')
    line.reinviteLate()
    await world.run(100)
    r.media.call.line.answer()
    await world.run(100)
    line.hangUp()
    await world.run(100)

    expect(r.media.call.line.heard).toContain('re-INVITE 127.0.2.1:10044')
  })
})
