import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import {
  answering,
  bobHost,
  call,
  connected,
  Ear,
  nothing,
  phone,
  rawPeer,
  rawURI,
  remains,
  sdp,
  taking,
} from './phones.fixture.ts'

const timer = { expires: 1800, least: 90 }
const timed = { options: { sessionTimer: timer } }
const seconds = (count: number) => count * 1000
const minutes = (count: number) => count * 60_000

/** A raw peer calls Bob, whose timer is `timer`; the response to its INVITE. */
async function rawCallsBob(fields: Fields, policy = timer) {
  const world = new World()
  const bob = await phone(world, 'bob', bobHost, { options: { sessionTimer: policy } })
  const taken = taking(bob.agent, answering)
  const raw = await rawPeer(world)
  raw.request('INVITE', { body: sdp('offer'), fields })
  await world.run(10)
  return { world, bob, raw, taken }
}

/** The same, and it is up; `request` is in its dialog. */
async function rawTalksToBob(fields: Fields) {
  const all = await rawCallsBob(fields)
  const { raw, world, taken } = all
  const to = raw.last('200').header('To') ?? ''
  raw.request('ACK', { to })
  await world.run(10)
  raw.heard()
  const request = (method: string, cseq: number, more: Fields = []) =>
    raw.request(method, { to, cseq, fields: more, ...(method === 'INVITE' && { body: sdp('again') }) })
  const respond = (to: Message, status: number, more: Fields = []) =>
    raw.send(buildResponse(to, status, { contact: `<${rawURI}>`, fields: more }), bobHost)
  return { ...all, request, respond, ear: taken[0]?.ear ?? new Ear() }
}

const supports = ['Supported', 'timer'] as const
const asks = (value: string): Fields => [supports, ['Session-Expires', value]]

describe('a session timer as who is called (RFC 4028 §9)', () => {
  it.each([
    ['300', '300;refresher=uac', ['timer']],
    ['300;refresher=uas', '300;refresher=uas', []],
    ['300 ; refresher=UAC', '300;refresher=uac', ['timer']],
    ['1801', '1800;refresher=uac', ['timer']],
    ['90', '90;refresher=uac', ['timer']],
  ])('asked for %s grants %s', async (asked, granted, required) => {
    const { raw } = await rawCallsBob(asks(asked))

    const ok = raw.last('200')
    expect([ok.header('Session-Expires'), ok.headers('Require')]).toEqual([granted, required])
  })

  it('understands the compact form (§4)', async () => {
    const { raw } = await rawCallsBob([
      ['k', 'timer'],
      ['x', '600;refresher=uac'],
    ])

    expect(raw.last('200').header('Session-Expires')).toBe('600;refresher=uac')
  })

  it.each(['0', '1', '89'])('refuses %s s with 422 and the least it takes', async (asked) => {
    const { raw, taken } = await rawCallsBob(asks(asked))

    expect(raw.last('422').header('Min-SE')).toBe('90')
    expect(taken).toEqual([])
  })

  it('refuses what is below its own least, and grants more than its own where the caller wants no less', async () => {
    const brief = await rawCallsBob(asks('300'), { expires: 600, least: 400 })
    const long = await rawCallsBob([...asks('3600'), ['Min-SE', '2400']])
    const absurd = await rawCallsBob([...asks('300'), ['Min-SE', '4294967295']])

    expect(brief.raw.last('422').header('Min-SE')).toBe('400')
    expect(long.raw.last('200').header('Session-Expires')).toBe('2400;refresher=uac')
    expect(absurd.raw.last('200').header('Session-Expires')).toBe('300;refresher=uac')
  })

  it('refreshes itself where only a proxy asked for it, and takes no interval too brief from it', async () => {
    const { raw } = await rawCallsBob([['Session-Expires', '30']])

    expect(raw.last('200').header('Session-Expires')).toBe('90;refresher=uas')
  })

  it.each(['never', '-1', '', '4294967296', '99999999999999999999'])('takes %j for none', async (value) => {
    const { raw } = await rawCallsBob(asks(value))

    expect(raw.last('200').header('Session-Expires')).toBeUndefined()
  })

  it('ends the session with BYE where nobody refreshes it (§10)', async () => {
    const { world, raw, ear, bob } = await rawTalksToBob(asks('300;refresher=uac'))

    await world.run(seconds(267))
    expect(raw.heard()).toEqual([])
    await world.run(seconds(2))

    expect(ear.heard.slice(-1)).toEqual(['ended expired'])
    expect(raw.last('BYE').header('Reason')).toBe('SIP;cause=408;text="Session Timer Expired"')
    await world.run(seconds(70))
    expect(remains(bob)).toEqual([nothing])
  })

  it.each(['UPDATE', 'INVITE'])('begins anew with each %s of the peer', async (method) => {
    const { world, raw, request, ear } = await rawTalksToBob(asks('300;refresher=uac'))

    await world.run(seconds(200))
    request(method, 2, asks('300;refresher=uac'))
    await world.run(seconds(10))
    expect(raw.last('200').header('Session-Expires')).toBe('300;refresher=uac')
    raw.request('ACK', { to: raw.last('200').header('To') ?? '', cseq: 2 })
    await world.run(seconds(200))

    expect(ear.heard.some((what) => what.startsWith('ended'))).toBe(false)
  })

  it('is off after a re-INVITE that does not ask for it any more', async () => {
    const { world, raw, request, ear } = await rawTalksToBob(asks('300;refresher=uac'))

    request('UPDATE', 2)
    await world.run(seconds(1000))

    expect(raw.heard()).toEqual(['200'])
    expect(ear.heard.some((what) => what.startsWith('ended'))).toBe(false)
  })

  it('refuses a refresh that asks for too brief an interval, and the session goes on as it was (§9)', async () => {
    const { world, raw, request } = await rawTalksToBob(asks('300;refresher=uac'))

    request('UPDATE', 2, asks('10'))
    await world.run(seconds(1))
    expect(raw.heard()).toEqual(['422'])
    await world.run(seconds(300))

    expect(raw.heard()).toContain('BYE')
  })
})

describe('a session timer as who refreshes (§7.4, §10)', () => {
  it('sends UPDATE without an offer at half the interval where the peer takes it', async () => {
    const { world, raw, respond } = await rawTalksToBob([...asks('300;refresher=uas'), ['Allow', 'INVITE, UPDATE']])

    await world.run(seconds(151))
    const update = raw.last('UPDATE')
    respond(update, 200, [['Session-Expires', '300;refresher=uac']])
    await world.run(seconds(151))

    expect([update.header('Session-Expires'), update.body.length]).toEqual(['300;refresher=uac', 0])
    expect(raw.last('UPDATE').cseq).toBe(update.cseq + 1)
  })

  it('asks its user for a re-INVITE where the peer takes no UPDATE', async () => {
    const world = new World()
    const bob = await phone(world, 'bob', bobHost, timed)
    const raw = await rawPeer(world)
    bob.agent.onInvite((session) => {
      answering(session)
      return { user: { stale: () => session.reinvite(sdp('same'), () => {}), ended() {} } }
    })
    raw.request('INVITE', { body: sdp('offer'), fields: asks('300;refresher=uas') })
    await world.run(10)
    raw.request('ACK', { to: raw.last('200').header('To') ?? '' })
    raw.heard()

    await world.run(seconds(150))

    expect(raw.heard()).toContain('INVITE')
    expect(raw.last('INVITE').header('Session-Expires')).toBe('300;refresher=uac')
  })

  it('turns to re-INVITE where UPDATE is refused as unknown after all', async () => {
    const { world, raw, respond, taken } = await rawTalksToBob([
      ...asks('300;refresher=uas'),
      ['Allow', 'INVITE, UPDATE'],
    ])
    let stale = 0
    Object.assign(taken[0]?.ear ?? {}, { stale: () => stale++ })

    await world.run(seconds(150))
    respond(raw.last('UPDATE'), 501)
    await world.run(seconds(1))

    expect(stale).toBe(1)
  })

  it('asks for what a 422 wants, at once and no more than three times (§7.3)', async () => {
    const { world, raw, respond } = await rawTalksToBob([...asks('300;refresher=uas'), ['Allow', 'UPDATE']])

    await world.run(seconds(150))
    for (const least of ['600', '700', '800', '900']) {
      respond(raw.last('UPDATE'), 422, [['Min-SE', least]])
      await world.run(10)
    }

    const last = raw.last('UPDATE')
    expect([last.header('Session-Expires'), last.header('Min-SE')]).toEqual(['800;refresher=uac', '800'])
  })

  it('ends the session where no refresh is answered with a 2xx in time', async () => {
    const { world, raw, respond, ear } = await rawTalksToBob([...asks('300;refresher=uas'), ['Allow', 'UPDATE']])

    for (let tries = 0; tries < 5; tries++) {
      await world.run(seconds(tries === 0 ? 150 : 30))
      if (raw.heard().includes('UPDATE')) respond(raw.last('UPDATE'), 503)
    }

    expect(ear.heard.slice(-1)).toEqual(['ended expired'])
  })
})

describe('a session timer as who calls (§7)', () => {
  it('keeps two user agents in a session for an hour: who called refreshes where both can', async () => {
    const { world, ear, theirEar, session, alice, bob } = await connected(new World(), timed)

    await world.run(minutes(60))
    session.bye()
    await world.run(seconds(70))

    expect([ear.heard, theirEar.heard]).toEqual([[], ['ended bye']])
    expect(remains(alice, bob)).toEqual([nothing, nothing])
  })

  it('needs no timer where the peer knows none', async () => {
    const world = new World()
    const alice = await phone(world, 'alice', '127.0.0.1', timed)
    const bob = await phone(world, 'bob', bobHost)
    taking(bob.agent, answering)
    const ear = new Ear()
    alice.agent.invite(call, ear)

    await world.run(minutes(60))

    expect(ear.heard).toEqual(['answered [answer]'])
  })

  it('ends on both sides where the network between them is gone', async () => {
    const { world, ear, theirEar } = await connected(new World(), timed)

    world.crash('alice')
    await world.run(minutes(30))

    expect([ear.heard, theirEar.heard]).toEqual([[], ['ended expired']])
  })

  it('calls again with what a 422 wants, its number counted up (§7.3)', async () => {
    const world = new World()
    const alice = await phone(world, 'alice', '127.0.0.1', timed)
    const bob = await phone(world, 'bob', bobHost, { options: { sessionTimer: { expires: 3600, least: 2400 } } })
    const taken = taking(bob.agent, answering)
    const ear = new Ear()
    alice.agent.invite(call, ear)

    await world.run(100)

    const [theirs] = taken
    expect(ear.heard).toEqual(['answered [answer]'])
    expect(ear.responses[0]?.header('Session-Expires')).toBe('2400;refresher=uac')
    expect([taken.length, ear.responses[0]?.cseq]).toEqual([1, 2])
    expect(theirs?.ear.heard).toEqual(['acknowledged'])
  })

  it.each(['1', '4294967295', 'never'])('gives the call up where a 422 wants %s', async (least) => {
    const world = new World()
    const alice = await phone(world, 'alice', '127.0.0.1', timed)
    const raw = await rawPeer(world)
    const ear = new Ear()
    alice.agent.invite({ ...call, requestURI: rawURI }, ear)
    await world.run(10)

    raw.send(buildResponse(raw.last('INVITE'), 422, { toTag: 't', fields: [['Min-SE', least]] }))
    await world.run(10)

    expect(ear.heard).toEqual(['failed 422 Session Interval Too Small'])
  })

  it('takes an interval below the shortest for that, so that nobody makes it send without end (§5)', async () => {
    const world = new World()
    const alice = await phone(world, 'alice', '127.0.0.1', timed)
    const raw = await rawPeer(world)
    alice.agent.invite({ ...call, requestURI: rawURI }, new Ear())
    await world.run(10)
    const fields = [
      ['Session-Expires', '1;refresher=uac'],
      ['Allow', 'UPDATE'],
    ] as const
    raw.send(buildResponse(raw.last('INVITE'), 200, { toTag: 't', contact: `<${rawURI}>`, body: sdp('a'), fields }))

    await world.run(seconds(44))
    const before = raw.heard()
    await world.run(seconds(2))

    expect([before.includes('UPDATE'), raw.heard().includes('UPDATE')]).toEqual([false, true])
  })
})
