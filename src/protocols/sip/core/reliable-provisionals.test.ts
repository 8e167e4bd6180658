import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { bobHost, call, Ear, late, nothing, phone, rawPeer, rawURI, remains, sdp, taking } from './phones.fixture.ts'

const required: Fields = [['Require', '100rel']]
const seconds = (count: number) => count * 1000

/** A raw peer that requires reliable responses calls Bob, whose phone rings. */
async function rawRings({ offer = true, fields = required, status = 180 } = {}) {
  const world = new World()
  const bob = await phone(world, 'bob', bobHost)
  const taken = taking(bob.agent)
  const raw = await rawPeer(world)
  raw.request('INVITE', { fields, ...(offer && { body: sdp('offer') }) })
  await world.run(10)
  const [theirs] = taken
  if (theirs === undefined) throw new Error('the call has not arrived')
  const { session, ear } = theirs
  let cseq = 1
  const request = (method: string, more: Fields = [], body?: string) => {
    cseq += 1
    const to = raw.last(String(status)).header('To') ?? ''
    return raw.request(method, { to, cseq, fields: more, ...(body !== undefined && { body: sdp(body) }) })
  }
  /** A PRACK for the last response of that status. */
  const prack = (of = status, body?: string) => {
    const rseq = raw.last(String(of)).header('RSeq') ?? ''
    return request('PRACK', [['RAck', `${rseq} 1 INVITE`]], body)
  }
  return { world, bob, raw, session, ear, request, prack }
}

describe('reliable provisional responses of who is called (RFC 3262 §3)', () => {
  it('have a number, and are repeated until their PRACK', async () => {
    const { world, raw, session, prack } = await rawRings()

    session.progress(180)
    await world.run(1600)
    const repeated = raw.heard()
    prack()
    await world.run(seconds(10))

    expect(repeated).toEqual(['180', '180', '180'])
    expect(raw.heard()).toEqual(['200'])
    expect(raw.last('180').headers('Require')).toEqual(['100rel'])
    expect(raw.last('200').header('CSeq')).toBe('2 PRACK')
  })

  it('are sent to nobody who does not require them, be they supported', async () => {
    const { world, raw, session } = await rawRings({ fields: [['Supported', '100rel']] })

    session.progress(183, undefined, sdp('early'))
    await world.run(seconds(10))

    expect(raw.heard()).toEqual(['183'])
    expect(raw.last('183').header('RSeq')).toBeUndefined()
  })

  it('leave in order, numbered without a gap; the 2xx waits for the one with a description, and has none itself', async () => {
    const { world, raw, session, ear, prack } = await rawRings({ status: 183 })

    session.progress(183, undefined, sdp('early'))
    session.progress(180)
    session.accept(sdp('early'))
    await world.run(100)
    const first = raw.heard()
    prack()
    await world.run(100)
    const [early, ringing] = [raw.last('183'), raw.last('200')]

    expect(first).toEqual(['183'])
    expect(early.body.toString()).toBe('early')
    expect(raw.heard()).toEqual(['200', '200'])
    expect(ringing.header('CSeq')).toBe('1 INVITE')
    expect(ringing.body.length).toBe(0)
    raw.request('ACK', { to: ringing.header('To') ?? '' })
    await world.run(100)
    expect(ear.heard).toEqual(['acknowledged'])
  })

  it('may be acknowledged after the 2xx that made it needless: the PRACK gets 200, and the call goes on (§3)', async () => {
    const { world, raw, session, ear, prack } = await rawRings()

    session.progress(180)
    session.accept(sdp('answer'))
    await world.run(10)
    prack()
    await world.run(10)
    const heard = raw.heard()
    raw.request('ACK', { to: raw.last('180').header('To') ?? '' })
    await world.run(10)

    expect(heard).toEqual(['180', '200', '200'])
    expect(raw.last('200').header('CSeq')).toBe('2 PRACK')
    expect(ear.heard).toEqual(['acknowledged'])
  })

  it('that nobody acknowledges end the call with 504 and are not repeated any more', async () => {
    const { world, bob, raw, session, ear } = await rawRings()

    session.progress(180)
    await world.run(seconds(33))
    raw.request('ACK', { to: raw.last('504').header('To') ?? '' })
    await world.run(seconds(60))

    expect(ear.heard).toEqual(['ended no-ack'])
    expect(raw.heard().filter((what) => what === '180')).toHaveLength(7)
    expect(remains(bob)).toEqual([nothing])
  })

  it.each([
    ['another number', '1 1 INVITE', 481],
    ['another request', 'RSEQ 2 INVITE', 481],
    ['another method', 'RSEQ 1 UPDATE', 481],
    ['no number', 'x 1 INVITE', 400],
    ['a number that is too large', '4294967296 1 INVITE', 400],
    ['zero', '0 1 INVITE', 400],
    ['nothing', '', 400],
  ])('refuse a PRACK for %s', async (_what, rack, status) => {
    const { world, raw, session, request } = await rawRings()
    session.progress(180)
    await world.run(100)
    raw.heard()

    request('PRACK', [['RAck', rack.replace('RSEQ', raw.last('180').header('RSeq') ?? '')]])
    await world.run(100)

    expect(raw.heard()).toEqual([String(status)])
  })

  it('refuse a second PRACK, and one where none are reliable', async () => {
    const { world, raw, session, prack } = await rawRings()
    const plain = await rawRings({ fields: [] })

    session.progress(180)
    await world.run(100)
    prack()
    prack()
    plain.session.progress(180)
    await plain.world.run(100)
    plain.request('PRACK', [['RAck', '1 1 INVITE']])
    await world.run(100)
    await plain.world.run(100)

    expect(raw.heard()).toEqual(['180', '200', '481'])
    expect(plain.raw.heard()).toEqual(['180', '481'])
  })

  it('are over with a CANCEL, a 2xx that waited included', async () => {
    const { world, bob, raw, session, ear } = await rawRings()

    session.progress(183, undefined, sdp('early'))
    session.accept(sdp('early'))
    await world.run(100)
    raw.request('CANCEL', {}, bobHost, '127.0.0.3-1')
    await world.run(100)
    raw.request('ACK', { to: raw.last('487').header('To') ?? '' }, bobHost, '127.0.0.3-1')
    await world.run(seconds(60))

    expect(ear.heard).toEqual(['cancelled'])
    expect(raw.heard()).toEqual(['183', '200', '487'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('are left out where the caller wants our offer: the first one would have to carry it (§5)', async () => {
    const { world, raw, session } = await rawRings({ offer: false })

    session.progress(180)
    session.accept(sdp('our offer'))
    await world.run(100)

    expect(raw.heard()).toEqual(['200'])
  })

  it('let the caller make the next offer in UPDATE or PRACK, once the first is answered (§5, RFC 3311 §5.2)', async () => {
    const { world, raw, session, ear, request, prack } = await rawRings({ status: 183 })
    session.progress(183, undefined, sdp('early'))
    await world.run(10)
    request('UPDATE', [], 'too early')
    await world.run(10)
    const before = raw.heard()
    prack(183, 'second offer')
    await world.run(10)
    expect(raw.last('200').body.toString()).toBe('re-answer')

    request('UPDATE', [], 'third offer')
    await world.run(10)

    expect(before).toEqual(['183', '500'])
    expect(raw.heard()).toEqual(['200', '200'])
    expect(ear.heard).toEqual(['offered [second offer]', 'offered [third offer]'])
  })
})

/** Alice calls a raw peer; `provide` sends a response of it. */
async function aliceCallsRaw(invitation = call) {
  const world = new World()
  const alice = await phone(world, 'alice', '127.0.0.1')
  const raw = await rawPeer(world)
  const ear = new Ear()
  const session = alice.agent.invite({ ...invitation, requestURI: rawURI }, ear)
  await world.run(10)
  const invite = raw.last('INVITE')
  const provide = async (status: number, rseq: number | string, body?: string, toTag = 't') => {
    const fields: Fields = [...required, ['RSeq', String(rseq)]]
    const parts = { toTag, contact: `<${rawURI}>`, fields, ...(body !== undefined && { body: sdp(body) }) }
    raw.send(buildResponse(invite, status, status < 200 ? parts : { ...parts, fields: [] }))
    await world.run(10)
  }
  const respond = async (request: Message, status: number) => {
    raw.send(buildResponse(request, status))
    await world.run(10)
  }
  raw.heard()
  return { world, alice, raw, ear, session, invite, provide, respond }
}

describe('reliable provisional responses to who calls (RFC 3262 §4)', () => {
  it('are acknowledged with PRACK once, and told once, though they come again', async () => {
    const { raw, ear, provide, respond } = await aliceCallsRaw()

    await provide(180, 4711)
    await respond(raw.last('PRACK'), 200)
    await provide(180, 4711)

    expect(raw.heard()).toEqual(['PRACK'])
    expect(raw.last('PRACK').header('RAck')).toBe('4711 1 INVITE')
    expect(raw.last('PRACK').toTag).toBe('t')
    expect(ear.heard).toEqual(['180'])
  })

  it('are not heard before one that is missing', async () => {
    const { raw, ear, provide, respond } = await aliceCallsRaw()

    await provide(183, 1, 'early')
    await respond(raw.last('PRACK'), 200)
    await provide(182, 3)
    await provide(180, 2)
    await respond(raw.last('PRACK'), 200)

    expect(raw.heard()).toEqual(['PRACK', 'PRACK'])
    expect(raw.last('PRACK').header('RAck')).toBe('2 1 INVITE')
    expect(ear.heard).toEqual(['183 [early]', '180'])
  })

  it('of several forks are numbered apart', async () => {
    const { raw, ear, provide } = await aliceCallsRaw()

    await provide(180, 100, undefined, 'one')
    await provide(180, 7, undefined, 'two')

    expect(raw.heard()).toEqual(['PRACK', 'PRACK'])
    expect(raw.last('PRACK').toTag).toBe('two')
    expect(ear.heard).toEqual(['180', '180'])
  })

  it.each(['0', 'x', '4294967296', ''])('are taken as any other where their number is %j', async (rseq) => {
    const { raw, ear, provide } = await aliceCallsRaw()

    await provide(180, rseq)

    expect(raw.heard()).toEqual([])
    expect(ear.heard).toEqual(['180'])
  })

  it('carry the answer: a 2xx without one has the same (§5)', async () => {
    const { world, raw, ear, session, provide, respond } = await aliceCallsRaw()

    await provide(183, 1, 'one', 'first')
    await provide(183, 9, 'two', 'second')
    await provide(200, '', undefined, 'second')
    session.bye()
    await world.run(10)
    await respond(raw.last('BYE'), 200)

    expect(ear.heard).toEqual(['183 [one]', '183 [two]', 'answered [two]'])
    expect(raw.heard()).toEqual(['PRACK', 'PRACK', 'ACK', 'BYE'])
    // PRACK was the request before.
    expect(raw.last('BYE').cseq).toBe(3)
  })

  it('count in their fork: the BYE to one that answers too late has a higher number (§12.2.1.1)', async () => {
    const { raw, provide } = await aliceCallsRaw()

    await provide(183, 1, 'one', 'first')
    await provide(183, 9, 'two', 'second')
    await provide(180, 10, undefined, 'second')
    await provide(200, '', undefined, 'first')
    await provide(200, '', undefined, 'second')

    expect(raw.last('PRACK').cseq).toBe(3)
    expect([raw.last('BYE').toTag, raw.last('BYE').cseq]).toEqual(['second', 4])
  })

  it('let who is called make the next offer in UPDATE, and no other may (RFC 3311 §5.2)', async () => {
    const { world, raw, ear, provide, invite } = await aliceCallsRaw()
    const update = (tag: string, cseq: number) => {
      const { callID } = invite
      const [from, to] = [`<${rawURI}>;tag=${tag}`, invite.header('From') ?? '']
      const parts = { requestURI: 'sip:alice@127.0.0.1', from, to, callID, cseq, body: sdp('next') }
      raw.request('UPDATE', parts, '127.0.0.1')
    }

    await provide(183, 1, 'one', 'first')
    await provide(180, 5, undefined, 'second')
    raw.heard()
    update('first', 1)
    update('second', 1)
    await world.run(10)
    const answers = raw.heard().filter((what) => what !== 'PRACK')
    await provide(200, '', undefined, 'first')

    expect(answers).toEqual(['200', '491'])
    expect(raw.last('200').body.toString()).toBe('re-answer')
    expect(ear.heard.slice(-2)).toEqual(['offered [next]', 'answered [next]'])
  })

  it('are asked for with our offer, and not without one (§5)', async () => {
    const offered = await aliceCallsRaw()
    const unoffered = await aliceCallsRaw(late)

    expect(offered.invite.headers('Supported')).toContain('100rel')
    expect(unoffered.invite.headers('Supported')).not.toContain('100rel')
    await unoffered.provide(183, 1, 'their offer')
    expect(unoffered.raw.heard()).toEqual([])
  })

  it('leave nothing behind where the call is cancelled and no PRACK is answered', async () => {
    const { world, alice, raw, session, provide, respond, invite } = await aliceCallsRaw()

    await provide(183, 1, 'early')
    session.cancel()
    await world.run(10)
    await respond(raw.last('CANCEL'), 200)
    await respond(invite, 487)
    await world.run(seconds(70))

    expect(remains(alice)).toEqual([nothing])
  })
})
