import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { description, type Line } from './phones.fixture.ts'
import { offered, over, queued, ringing, route, routedTalk, talking, treat } from './scenes.fixture.ts'

describe('a routed talk', () => {
  it('re-INVITEs the caller once more where that met a glare', async () => {
    const { world, caller, agent } = await offered(new World())
    caller.reofferAnswer = 491

    agent.answer()
    await world.run(100)
    caller.reofferAnswer = undefined
    await world.run(5000)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002', 're-INVITE 127.0.2.1:10002'])
  })

  it('ends not-acceptable where the caller refuses the agent’s description', async () => {
    const { world, r, caller, agent } = await offered(new World())
    caller.reofferAnswer = 488

    agent.answer()
    await world.run(100)

    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('bridges both in the media server where the agent’s phone speaks nothing of the offer, e.g. SRTP alone', async () => {
    const { world, r, caller, agent } = await offered(new World())
    r.events()

    agent.reject(488)
    await world.run(100)
    const again = r.phone('1001').line
    again.answer()
    await world.run(100)

    expect(again.heard).toEqual(['INVITE nothing', 'ACK 127.0.0.9:20002'])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000'])
    expect(r.events()).toEqual(['Established 1001'])
    again.hangUp()
    await world.run(100)
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('ends not-acceptable where no media server has anything in common with a leg: it would be silent for ever', async () => {
    const { world, r, caller, agent } = await offered(new World(), { media: 'anchored' })
    r.media.status = 488

    agent.answer()
    await world.run(100)

    expect(caller.heard.at(-1)).toMatch(/^BYE/)
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('lets go who answers with what no media server speaks, e.g. a browser: the caller waits on', async () => {
    const { world, r, caller } = await queued(new World(), { media: 'anchored' })
    route(r, '1001')
    await world.run(100)
    const browser = r.phone('1001').line
    browser.sdp = description('127.0.2.1', 9).replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF')
    r.events()

    browser.answer()
    await world.run(100)

    expect(browser.heard.at(-1)).toBe('BYE')
    expect(caller.heard).toEqual(['200 127.0.0.9:20000'])
    expect(r.events()).toEqual(['Released 1001 Redirected', 'Queued 8010', 'RouteRequest 8010'])
    caller.hangUp()
  })

  it('bridges both in the media server where it is anchored: no re-INVITE to the caller', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })
    agent.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 'BYE'])
    expect(agent.heard).toEqual(['INVITE nothing', 'ACK 127.0.0.9:20002'])
    expect(new Set(r.media.conferences).size).toBe(1)
    expect(r.media.calls.map(({ line }) => line.heard.at(-1)?.slice(0, 3))).toEqual(['BYE', 'BYE'])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('says of which leg of the conference there is no other: it may come in where it was sent elsewhere before', async () => {
    const { world, r, caller } = await routedTalk(new World(), { media: 'anchored' })

    const isFirst = r.media.uris.map((uri) => uri.endsWith(';first'))
    caller.hangUp()
    await world.run(100)

    expect(isFirst).toEqual([true, false])
  })

  it('stops the music where it is anchored, so that both hear each other', async () => {
    const { world, r, caller } = await queued(new World(), { media: 'anchored' })
    treat(r, 'Music')
    await world.run(100)

    route(r, '1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked.map(({ type }) => type)).toEqual(['dialogstart', 'dialogend'])
  })

  it('ends where an anchored phone sends no RTP for 20 s, unless it is held', async () => {
    const { world, r, agent } = await routedTalk(new World(), { media: 'anchored' })
    agent.reinvite('sendonly')
    await world.run(100)
    r.media.silence()
    await world.run(100)
    const held = r.controller.active
    agent.reinvite('sendrecv')
    await world.run(100)
    r.media.silence()
    await world.run(100)

    expect([held, r.controller.active]).toEqual([1, 0])
    await over(r, { by: 'cluster', cause: 'session-expired' })
  })

  it('holds an anchored agent without a re-INVITE to the caller', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })
    r.events()

    const hold = r.ask('RequestHoldCall', { thisDN: '1001' })
    await world.run(100)
    const retrieve = r.ask('RequestRetrieveCall', { thisDN: '1001' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect([hold.told, retrieve.told]).toEqual([['Held'], ['Retrieved']])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000'])
    expect(agent.heard.slice(-3)).toEqual([
      're-INVITE 127.0.0.9:20002 inactive',
      're-INVITE 127.0.0.9:20002',
      expect.stringContaining('BYE'),
    ])
  })

  it('sends digits through the media server where it is anchored', async () => {
    const { world, r, caller } = await routedTalk(new World(), { media: 'anchored' })

    r.ask('RequestSendDtmf', { thisDN: '1001', dtmfDigits: '12' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked.at(-1)).toMatchObject({ generate: { digits: '12' } })
  })

  it('sends digits by INFO to a phone that takes no telephone events, anchored or not', async () => {
    const { world, r, caller } = await routedTalk(new World(), { media: 'anchored' })
    caller.sdp = withoutEvents(caller.sdp)
    caller.reinvite()
    await world.run(100)

    r.ask('RequestSendDtmf', { thisDN: '1001', dtmfDigits: '1' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked).toEqual([])
    expect(caller.requests.at(-1)?.body.toString()).toContain('Signal=1')
  })

  it('passes a digit by INFO to the other phone where it is anchored: who has telephone events has sent it in RTP, too', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })

    pressed(caller, '3')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked).toEqual([])
    expect(r.media.digits).toEqual([])
    expect(agent.heard.slice(-2)).toEqual(['INFO', expect.stringContaining('BYE')])
  })

  it('has the media server say a digit in RTP that came by INFO, since its phone has no telephone events', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })
    caller.sdp = withoutEvents(caller.sdp)
    caller.reinvite()
    await world.run(100)

    pressed(caller, '4')
    pressed(caller, '4')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked).toMatchObject([{ generate: { digits: '4' } }, { generate: { digits: '4' } }])
    expect(new Set(r.media.asked.map(({ name }) => name)).size).toBe(2)
    expect(caller.heard).toEqual([expect.anything(), expect.stringContaining('re-INVITE 200'), 'INFO 200', 'INFO 200'])
    expect(agent.heard).not.toContain('INFO')
  })
})

const withoutEvents = (sdp: string): string => sdp.replace(/a=rtpmap:101.*\r\n/, '').replace(' 101', '')
const pressed = (line: Line, digit: string): void =>
  line.send('INFO', [], { type: 'application/dtmf-relay', bytes: Buffer.from(`Signal=${digit}`) })

/** From now on it speaks of an address of IPv6. */
const toIPv6 = (line: Line, at: string): void => {
  line.sdp = description(at, 10_000)
}

describe('between IPv4 and IPv6 a media server joins the two (RFC 6157 §4)', () => {
  it('a phone that is registered at an address of IPv6 is not offered one of IPv4', async () => {
    const world = new World()
    const { r, caller, callee } = await ringing(world, { ipVersions: { 1002: 6 } })

    toIPv6(callee, '2001:db8::2')
    callee.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['180', expect.stringMatching(/^200 127\.0\.0\.9:/)])
    expect(callee.heard).toEqual(['INVITE nothing', expect.stringMatching(/^ACK 127\.0\.0\.9:/), 'BYE'])
    expect(new Set(r.media.conferences).size).toBe(1)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it.each([
    ['whose offer the phone has not seen', { ipVersions: { 1002: 6 } } as const],
    ['whose media are to pass through us', { media: 'anchored' } as const],
    ['of whom nobody knew that he could not send there', {}],
  ])(
    'what a phone says before it answers is not told to a caller %s: his makes the ringing tone',
    async (_who, setting) => {
      const world = new World()
      const { r, caller, callee } = await ringing(world, setting)
      toIPv6(callee, '2001:db8::2')

      callee.early()
      await world.run(100)
      caller.cancel()
      await world.run(100)

      expect(caller.heard).toEqual(['180', '180', '487'])
      await over(r, { by: 'customer', cause: 'cancelled' })
    },
  )

  it('a phone of whose address nobody knew, and that answers with one of IPv6, is told of the media server', async () => {
    const world = new World()
    const { r, caller, callee } = await ringing(world)

    toIPv6(callee, '2001:db8::2')
    callee.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['180', expect.stringMatching(/^200 127\.0\.0\.9:/)])
    expect(callee.heard).toEqual([
      'INVITE 127.0.2.1:10002',
      'ACK',
      expect.stringMatching(/^re-INVITE 127\.0\.0\.9:/),
      'BYE',
    ])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('an agent on IPv6 hears no music with the caller, who gets no re-INVITE', async () => {
    const world = new World()
    const { r, caller } = await queued(world, { ipVersions: { 1001: 6 } })
    treat(r, 'Music')
    await world.run(100)

    route(r, '1001')
    await world.run(100)
    const agent = r.phone('1001').line
    toIPv6(agent, '2001:db8::1')
    agent.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['200 127.0.0.9:20000'])
    expect(r.media.asked.map(({ type }) => type)).toEqual(['dialogstart', 'dialogend'])
  })

  it('one is transferred to another', async () => {
    const world = new World()
    const { r, caller, callee } = await talking(world, { ipVersions: { 1003: 6 } })

    r.ask('RequestSingleStepTransfer', { thisDN: '1002', otherDN: '1003' })
    await world.run(100)
    const third = r.phone('1003').line
    toIPv6(third, '2001:db8::3')
    third.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(callee.heard.at(-1)).toContain('BYE')
    expect(third.heard).toEqual(['INVITE nothing', expect.stringMatching(/^ACK 127\.0\.0\.9:/), 'BYE'])
    expect(caller.heard).toEqual([expect.stringMatching(/^re-INVITE 127\.0\.0\.9:/)])
  })

  it('two of the same version talk directly', async () => {
    const world = new World()
    const { r, caller, callee } = await talking(world, { ipVersions: { 1002: 4 } })
    caller.hangUp()
    await world.run(100)

    expect(callee.heard).toEqual(['BYE'])
    expect(r.media.calls).toEqual([])
  })
})
