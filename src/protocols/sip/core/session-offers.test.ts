import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import {
  answering,
  bobHost,
  connected,
  nothing,
  phone,
  rawAndBob,
  rawPeer,
  remains,
  respond,
  sdp,
  taking,
} from './phones.fixture.ts'
import type { Body, ReinviteOutcome, Session } from './session.ts'

function reinvite(session: Session, offer?: Body) {
  const heard: ReinviteOutcome[] = []
  session.reinvite(offer, (outcome) => heard.push(outcome))
  return heard
}
const inWords = (heard: readonly ReinviteOutcome[]) =>
  heard.map(({ status, body }) => (body === undefined ? String(status) : `${status} [${body.bytes}]`))

describe('offers in a dialog', () => {
  it('are answered with the 2xx to our re-INVITE, which is acknowledged at once (§14.1)', async () => {
    const { world, session, theirEar } = await connected(new World())

    const heard = reinvite(session, sdp('re-offer'))
    await world.run(40_000)

    expect(inWords(heard)).toEqual(['200 [re-answer]'])
    expect(heard[0]?.acknowledge).toBeUndefined()
    expect(theirEar.heard).toEqual(['offered [re-offer]'])
  })

  it('come from the other side where our re-INVITE has none, and our ACK answers (late offer, §14.1)', async () => {
    const { world, session, theirEar } = await connected(new World())

    const heard = reinvite(session)
    await world.run(10)
    heard[0]?.acknowledge?.(sdp('our answer'))
    await world.run(10)

    expect(inWords(heard)).toEqual(['200 [re-answer]'])
    expect(theirEar.heard).toEqual(['offered', 'acknowledged [our answer]'])
  })

  it('may come by UPDATE, which needs no ACK; without an offer it only refreshes (RFC 3311 §5.2)', async () => {
    const { world, raw, request, ear, session } = await rawAndBob(new World())

    request('UPDATE', 2, 'update-offer')
    raw.request('UPDATE', { to: raw.last('200').header('To') ?? '' })
    await world.run(10)
    const answer = raw.last('200')
    const to = answer.header('To') ?? ''
    raw.request('UPDATE', { to, cseq: 3, contact: '<sip:moved@127.0.0.3:5060>' })
    await world.run(10)
    session.request('INFO', () => {})
    await world.run(1_000)

    expect(ear.heard).toEqual(['offered [update-offer]'])
    expect(answer.body.toString()).toBe('re-answer')
    expect(answer.header('Contact')).toBe('<sip:bob@127.0.0.2:5060>')
    expect(raw.last('INFO').requestURI).toBe('sip:moved@127.0.0.3:5060')
  })

  it('meet 491 where both sides re-INVITE at once, each told when to try again (§14.1, §14.2)', async () => {
    const { world, session, theirs } = await connected(new World())

    const ours = reinvite(session, sdp('one'))
    const others = reinvite(theirs, sdp('two'))
    await world.run(100)
    const [caller, callee] = [ours[0], others[0]]

    expect([caller?.status, callee?.status]).toEqual([491, 491])
    expect(caller?.retryAfter).toBeGreaterThanOrEqual(2_100)
    expect(caller?.retryAfter).toBeLessThanOrEqual(4_000)
    expect(callee?.retryAfter).toBeLessThanOrEqual(2_000)
  })

  it('are one at a time: a second wish meets 491 here (§14.1)', async () => {
    const { world, session } = await connected(new World())

    const first = reinvite(session, sdp('one'))
    const second = reinvite(session, sdp('two'))
    await world.run(100)

    expect([inWords(first), inWords(second)]).toEqual([['200 [re-answer]'], ['491']])
    expect(second[0]?.retryAfter).toBeGreaterThan(0)
  })

  it('wait for the ACK of the INVITE that set the session up (§14.1)', async () => {
    const world = new World()
    const bob = await phone(world, 'bob', bobHost)
    const taken = taking(bob.agent, answering)
    const raw = await rawPeer(world)
    raw.request('INVITE', { body: sdp('offer') })
    await world.run(10)

    const heard = reinvite(taken[0]?.session as Session, sdp('re-offer'))
    await world.run(10)
    const before = raw.heard()
    raw.request('ACK', { to: raw.last('200').header('To') ?? '' })
    await world.run(10)
    respond(raw, raw.last('INVITE'), 200, 'answer')
    await world.run(10)

    expect(before).toEqual(['200'])
    expect(raw.heard()).toEqual(['INVITE', 'ACK'])
    expect(inWords(heard)).toEqual(['200 [answer]'])
  })

  it('meet 500 with Retry-After where the first INVITE or re-INVITE is not answered yet (§14.2)', async () => {
    const { world, raw, request, ear } = await rawAndBob(new World())
    ear.onOffered = () => {}

    request('INVITE', 2, 'one')
    request('INVITE', 3, 'two')
    await world.run(10)

    expect(raw.heard()).toEqual(['500'])
    expect(Number(raw.last('500').header('Retry-After'))).toBeLessThanOrEqual(10)
    expect(ear.heard).toEqual(['offered [one]'])
  })

  it('are refused in an early dialog, whose first offer is still open (§14.2, RFC 3311 §5.2)', async () => {
    const world = new World()
    const bob = await phone(world, 'bob', bobHost)
    const taken = taking(bob.agent, (session) => session.progress(183, undefined, sdp('early')))
    const raw = await rawPeer(world)
    raw.request('INVITE', { body: sdp('offer') })
    await world.run(10)
    const to = raw.last('183').header('To') ?? ''

    raw.request('INVITE', { to, cseq: 2, body: sdp('again') })
    raw.request('UPDATE', { to, cseq: 3, body: sdp('again') })
    raw.request('UPDATE', { to, cseq: 4 })
    const heard = reinvite(taken[0]?.session as Session, sdp('ours'))
    await world.run(10)

    expect(raw.heard()).toEqual(['183', '500', '500', '200'])
    expect(inWords(heard)).toEqual(['491'])
  })

  it('are refused as the user says, and cancelled by CANCEL (§14.2, §9.2)', async () => {
    const { world, raw, request, ear } = await rawAndBob(new World())

    ear.onOffered = ({ reject }) => reject(488)
    request('INVITE', 2, 'one')
    await world.run(10)
    ear.onOffered = () => {}
    const invite = request('INVITE', 3, 'two')
    await world.run(10)
    const to = invite.header('To') ?? ''
    raw.request('CANCEL', { to, cseq: 3 }, bobHost, invite.branch.slice('z9hG4bK'.length))
    await world.run(10)

    expect(raw.heard()).toEqual(['488', '200', '487'])
    expect(ear.heard).toEqual(['offered [one]', 'offered [two]', 'offer cancelled'])
  })

  it('repeat the 2xx until its ACK; without one the session ends (§14.2, §13.3.1.4)', async () => {
    const { world, bob, raw, request, ear } = await rawAndBob(new World())

    request('INVITE', 2, 'one')
    await world.run(32_100)
    respond(raw, raw.last('BYE'), 200)
    await world.run(40_000)

    expect(new Set(raw.heard())).toEqual(new Set(['200', 'BYE']))
    expect(ear.heard).toEqual(['offered [one]', 'ended no-ack'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('have their ACK repeated with each 2xx, also of the one before (§13.2.2.4)', async () => {
    const { world, raw, session } = await rawAndBob(new World())

    reinvite(session, sdp('one'))
    await world.run(10)
    const first = raw.last('INVITE')
    respond(raw, first, 200, 'answer one')
    await world.run(10)
    const heard = reinvite(session, sdp('two'))
    await world.run(10)
    respond(raw, first, 200, 'answer one')
    await world.run(10)
    const repeated = raw.last('ACK').cseq
    respond(raw, raw.last('INVITE'), 200, 'answer two')
    await world.run(10)

    expect(repeated).toBe(first.cseq)
    expect(raw.last('ACK').cseq).toBe(first.cseq + 1)
    expect(inWords(heard)).toEqual(['200 [answer two]'])
  })

  it('end with the session: 487 to theirs, 481 to ours, and a late 2xx is acknowledged (§15.1.2)', async () => {
    const { world, raw, request, ear, session } = await rawAndBob(new World())
    ear.onOffered = () => {}

    request('INVITE', 2, 'one')
    await world.run(10)
    request('BYE', 3)
    await world.run(10)
    const first = raw.heard()
    const other = await rawAndBob(new World())
    const heard = reinvite(other.session, sdp('two'))
    await other.world.run(10)
    other.session.bye()
    await other.world.run(10)
    respond(other.raw, other.raw.last('INVITE'), 200, 'late')
    await other.world.run(10)

    expect(first).toEqual(['200', '487'])
    expect(ear.heard).toEqual(['offered [one]', 'ended bye'])
    expect(inWords(heard)).toEqual(['481'])
    expect(other.raw.heard()).toEqual(['INVITE', 'BYE', 'ACK'])
    expect(inWords(reinvite(session, sdp('three')))).toEqual([])
  })

  it('give the 2xx its ACK before our BYE, where the offer in it is not answered', async () => {
    const { world, raw, session } = await rawAndBob(new World())
    const heard = reinvite(session, undefined)
    await world.run(10)
    respond(raw, raw.last('INVITE'), 200, 'theirs')
    await world.run(10)

    session.bye()
    await world.run(10)

    expect(inWords(heard)).toEqual(['200 [theirs]'])
    expect(raw.heard()).toEqual(['INVITE', 'ACK', 'BYE'])
  })

  it('say by 481 that the dialog is gone (§12.2.1.2)', async () => {
    const { world, bob, raw, session, ear } = await rawAndBob(new World())

    const heard = reinvite(session, sdp('one'))
    await world.run(10)
    respond(raw, raw.last('INVITE'), 481)
    await world.run(70_000)

    expect(inWords(heard)).toEqual(['481'])
    expect(ear.heard).toEqual(['ended gone 481 Call/Transaction Does Not Exist'])
    expect(remains(bob)).toEqual([nothing])
  })

  for (const seed of [1, 2, 3])
    it(`are exchanged where every fourth datagram is lost, seed ${seed}`, async () => {
      const world = new World(seed)
      const { alice, bob, session, theirs } = await connected(world)
      world.links.usual({ loss: 0.25, duplication: 0.1, delay: [1, 30] })

      const ours = reinvite(session, sdp('one'))
      await world.runUntil(() => ours.length > 0)
      await world.run(10_000)
      const others = reinvite(theirs)
      await world.runUntil(() => others.length > 0)
      others[0]?.acknowledge?.(sdp('two'))
      await world.run(10_000)
      theirs.bye()
      await world.run(100_000)

      expect([inWords(ours), inWords(others)]).toEqual([['200 [re-answer]'], ['200 [re-answer]']])
      expect(remains(alice, bob)).toEqual([nothing, nothing])
    })
})
