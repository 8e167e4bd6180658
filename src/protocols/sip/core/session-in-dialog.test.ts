import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import {
  answering,
  bobHost,
  connected,
  nothing,
  outcomes,
  phone,
  type RawPeer,
  rawPeer,
  rawURI,
  remains,
  sdp,
  taking,
} from './phones.fixture.ts'
import type { Body, ReinviteOutcome, Session } from './session.ts'

/** The raw peer has called Bob, and everything is acknowledged. */
async function rawAndBob() {
  const world = new World()
  const bob = await phone(world, 'bob', bobHost)
  const taken = taking(bob.agent, answering)
  const raw = await rawPeer(world)
  raw.request('INVITE', { body: sdp('offer') })
  await world.run(10)
  const ok = raw.last('200')
  raw.request('ACK', { to: ok.header('To') ?? '' })
  await world.run(10)
  const [theirs] = taken
  if (theirs === undefined) throw new Error('the call has not arrived')
  raw.heard()
  theirs.ear.heard.length = 0
  const request = (method: string, cseq: number, body?: string) =>
    raw.request(method, { to: ok.header('To') ?? '', cseq, ...(body === undefined ? {} : { body: sdp(body) }) })
  return { world, bob, raw, request, ...theirs }
}

/** A response of the raw peer to a request of Bob's. */
const respond = (raw: RawPeer, request: Message, status: number, body?: string) => {
  const parts = { contact: `<${rawURI}>`, ...(body === undefined ? {} : { body: sdp(body) }) }
  raw.send(buildResponse(request, status, parts), bobHost)
}

function reinvite(session: Session, offer?: Body) {
  const heard: ReinviteOutcome[] = []
  session.reinvite(offer, (outcome) => heard.push(outcome))
  return heard
}
const inWords = (heard: readonly ReinviteOutcome[]) =>
  heard.map(({ status, body }) => (body === undefined ? String(status) : `${status} [${body.bytes}]`))

describe('requests in a dialog', () => {
  it('are given to the user and answered as he says, from both sides (RFC 3261 §12.2)', async () => {
    const { world, session, ear, theirs, theirEar, alice, bob } = await connected(new World())
    const there = outcomes()
    const back = outcomes()

    for (const method of ['INFO', 'OPTIONS', 'NOTIFY', 'REFER']) session.request(method, there.done)
    theirs.request('INFO', back.done, [['Info-Package', 'x']], sdp('body'))
    await world.run(100)
    session.bye()
    await world.run(40_000)

    expect(theirEar.heard.slice(0, 4)).toEqual([
      'requested INFO',
      'requested OPTIONS',
      'requested NOTIFY',
      'requested REFER',
    ])
    expect(there.heard).toEqual(['200 OK', '200 OK', '200 OK', '200 OK'])
    expect([ear.heard, back.heard]).toEqual([['requested INFO'], ['200 OK']])
    expect(remains(alice, bob)).toEqual([nothing, nothing])
  })
  it('count up from the INVITE, and go to the newest Contact (§12.2.1.1)', async () => {
    const { world, raw, session, request } = await rawAndBob()

    session.request('INFO', () => {})
    raw.request('INFO', {})
    request('UPDATE', 2)
    await world.run(10)
    const [first] = [raw.last('INFO')]
    session.request('INFO', () => {})
    await world.run(10)

    expect([first.cseq, raw.last('INFO').cseq]).toEqual([1, 2])
    expect(first.requestURI).toBe(rawURI)
    expect(first.toTag).toBe('r')
  })

  it('are refused with 500 where they are not newer than the last one (§12.2.2)', async () => {
    const { world, raw, request, ear } = await rawAndBob()

    request('INFO', 7)
    request('INFO', 6)
    request('INFO', 7)
    await world.run(10)

    expect(raw.heard()).toEqual(['200', '500', '500'])
    expect(ear.heard).toEqual(['requested INFO'])
  })

  it('are refused with 481 where the other tag is none of the dialog (§12.2.2)', async () => {
    const { world, raw, request } = await rawAndBob()
    const { to } = { to: request('INFO', 2).header('To') ?? '' }

    raw.request('BYE', { to, from: '<sip:raw@127.0.0.3>;tag=other', cseq: 3 })
    await world.run(10)

    expect(raw.heard()).toEqual(['200', '481'])
  })

  it('have an answer where the user takes none (§11.2, RFC 6665 §4.1.3, RFC 6086 §5.3)', async () => {
    const world = new World()
    const bob = await phone(world, 'bob', bobHost, { options: { methods: ['MESSAGE'] } })
    const raw = await rawPeer(world)
    bob.agent.onInvite((session) => {
      answering(session)
      return { user: { ended() {} } }
    })
    raw.request('INVITE', { body: sdp('offer') })
    await world.run(10)
    const to = raw.last('200').header('To') ?? ''
    raw.request('ACK', { to })
    raw.heard()

    for (const [index, method] of ['OPTIONS', 'NOTIFY', 'REFER', 'INFO', 'MESSAGE'].entries())
      raw.request(method, { to, cseq: index + 2 })
    raw.request('INFO', { to, cseq: 10, body: sdp('what') })
    raw.request('INVITE', { to, cseq: 11, body: sdp('offer') })
    await world.run(10)

    expect(raw.heard()).toEqual(['200', '481', '603', '200', '405', '415', '488'])
  })

  it('say that the dialog is gone by 481: nobody is told again, no BYE (§12.2.1.2)', async () => {
    const { world, bob, raw, session, ear } = await rawAndBob()
    const { heard, done } = outcomes()

    session.request('OPTIONS', done)
    await world.run(10)
    raw.heard()
    respond(raw, raw.last('OPTIONS'), 481)
    await world.run(40_000)
    session.bye()
    session.request('INFO', done)
    await world.run(10)

    expect(heard).toEqual(['481 Call/Transaction Does Not Exist', '481 Call/Transaction Does Not Exist'])
    expect(ear.heard).toEqual(['ended gone 481 Call/Transaction Does Not Exist'])
    expect(raw.heard()).toEqual([])
    expect(remains(bob)).toEqual([nothing])
  })

  it('say nothing of the dialog where a NOTIFY is refused: that ends a subscription (RFC 5057 §5.1)', async () => {
    const { world, raw, session, ear } = await rawAndBob()
    const { heard, done } = outcomes()

    session.request('NOTIFY', done)
    await world.run(10)
    respond(raw, raw.last('NOTIFY'), 481)
    await world.run(10)

    expect(heard).toEqual(['481 Call/Transaction Does Not Exist'])
    expect(ear.heard).toEqual([])
  })

  it('say so by a flow that is gone and has not come back in 40 s (RFC 5626 §5.3)', async () => {
    const { world, raw, session, ear } = await rawAndBob()
    const ask = async (status: number) => {
      session.request('OPTIONS', () => {})
      await world.run(10)
      respond(raw, raw.last('OPTIONS'), status)
      await world.run(20_000)
    }

    for (const status of [430, 430, 200, 430, 430]) await ask(status)
    const before = [...ear.heard]
    await ask(430)

    expect(before).toEqual([])
    expect(ear.heard).toEqual(['ended gone 430 Flow Failed'])
  })

  it('say so by silence too, and a BYE is tried then (§12.2.1.2)', async () => {
    const { world, bob, raw, session, ear } = await rawAndBob()

    session.request('OPTIONS', () => {})
    await world.run(32_100)
    const heard = new Set(raw.heard())
    await world.run(40_000)

    expect([...heard]).toEqual(['OPTIONS', 'BYE'])
    expect(ear.heard).toEqual(['ended gone 408 Request Timeout'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('end it by BYE from either side, also where the two cross (§15)', async () => {
    const { world, bob, raw, session, ear, request } = await rawAndBob()

    session.bye([['Reason', 'Q.850;cause=16']])
    await world.run(10)
    const bye = raw.last('BYE')
    request('BYE', 2)
    request('INFO', 3)
    await world.run(10)
    respond(raw, bye, 200)
    await world.run(40_000)

    expect(bye.header('Reason')).toBe('Q.850;cause=16')
    expect(raw.heard()).toEqual(['BYE', '200', '481'])
    expect(ear.heard).toEqual([])
    expect(remains(bob)).toEqual([nothing])
  })

  it('tell why the other side hung up (RFC 3326)', async () => {
    const { world, raw, request, ear } = await rawAndBob()
    const { to } = { to: request('OPTIONS', 2).header('To') ?? '' }

    raw.request('BYE', { to, cseq: 3, fields: [['Reason', 'SIP;cause=480']] })
    await world.run(10)

    expect(ear.heard).toEqual(['requested OPTIONS', 'ended bye SIP;cause=480'])
  })
})

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
    const { world, raw, request, ear, session } = await rawAndBob()

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
    const { world, raw, request, ear } = await rawAndBob()
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
    const { world, raw, request, ear } = await rawAndBob()

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
  })

  it('repeat the 2xx until its ACK; without one the session ends (§14.2, §13.3.1.4)', async () => {
    const { world, bob, raw, request, ear } = await rawAndBob()

    request('INVITE', 2, 'one')
    await world.run(32_100)
    respond(raw, raw.last('BYE'), 200)
    await world.run(40_000)

    expect(new Set(raw.heard())).toEqual(new Set(['200', 'BYE']))
    expect(ear.heard).toEqual(['offered [one]', 'ended no-ack'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('have their ACK repeated with each 2xx, also of the one before (§13.2.2.4)', async () => {
    const { world, raw, session } = await rawAndBob()

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
    const { world, raw, request, ear, session } = await rawAndBob()
    ear.onOffered = () => {}

    request('INVITE', 2, 'one')
    await world.run(10)
    request('BYE', 3)
    await world.run(10)
    const first = raw.heard()
    const other = await rawAndBob()
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

  it('say by 481 that the dialog is gone (§12.2.1.2)', async () => {
    const { world, bob, raw, session, ear } = await rawAndBob()

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
