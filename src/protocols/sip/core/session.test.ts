import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import {
  answering,
  call,
  Ear,
  late,
  nothing,
  phone,
  rawPeer,
  rawURI,
  remains,
  sdp,
  taking,
  twoPhones,
} from './phones.fixture.ts'
import type { Invitation } from './user-agent.ts'

const toRaw = { ...call, requestURI: rawURI, to: `<${rawURI}>` }
const contact = `<${rawURI}>`

/** Alice calls the raw peer, which has her INVITE. */
async function aliceCallsRaw(invitation: Invitation = toRaw) {
  const world = new World()
  const alice = await phone(world, 'alice', '127.0.0.1')
  const raw = await rawPeer(world)
  const ear = new Ear()
  const session = alice.agent.invite(invitation, ear)
  await world.run(10)
  const invite = raw.last('INVITE')
  raw.heard()
  const answer = (status: number, toTag: string, body?: string) => {
    const parts = { toTag, contact, ...(body === undefined ? {} : { body: sdp(body) }) }
    raw.send(buildResponse(invite, status, status === 100 ? {} : parts))
  }
  return { world, alice, raw, ear, session, invite, answer }
}

describe('a session this side opens', () => {
  for (const protocol of ['UDP', 'TCP'] as const)
    it(`is set up and ended over ${protocol}, and leaves nothing behind (RFC 3261 §13, §15)`, async () => {
      const world = new World()
      const { alice, bob } = await twoPhones(world, { protocol })
      const taken = taking(bob.agent, answering)
      const ear = new Ear()

      const session = alice.agent.invite(call, ear)
      await world.run(100)
      const during = alice.agent.counts()
      session.bye()
      await world.run(40_000)

      expect(ear.heard).toEqual(['answered [answer]'])
      expect(taken[0]?.ear.heard).toEqual(['acknowledged', 'ended bye'])
      expect(during).toEqual({ sessions: 1, dialogs: 1, requests: 0 })
      expect(remains(alice, bob)).toEqual([nothing, nothing])
    })

  for (const seed of [1, 2, 3, 4, 5])
    it(`survives a network that loses every fourth datagram (§17, §13.3.1.4), seed ${seed}`, async () => {
      const world = new World(seed)
      world.links.usual({ loss: 0.25, duplication: 0.1, delay: [1, 30] })
      const { alice, bob } = await twoPhones(world)
      const taken = taking(bob.agent, answering)
      const ear = new Ear()

      const session = alice.agent.invite(call, ear)
      await world.runUntil(() => taken[0]?.ear.heard.includes('acknowledged') === true)
      session.bye()
      await world.run(100_000)

      expect(ear.heard).toEqual(['answered [answer]'])
      expect(taken).toHaveLength(1)
      expect(taken[0]?.ear.heard).toEqual(['acknowledged', 'ended bye'])
      expect(remains(alice, bob)).toEqual([nothing, nothing])
    })

  it('tells of early media and of each fork by its tag, but not of 100 (§13.2.2.1, §12.1.2)', async () => {
    const { world, alice, ear, answer } = await aliceCallsRaw()

    answer(100, '')
    answer(180, 'one')
    answer(183, 'two', 'early')
    await world.run(10)

    expect(ear.heard).toEqual(['180', '183 [early]'])
    expect(ear.responses.map(({ toTag }) => toTag)).toEqual(['one', 'two'])
    expect(alice.agent.counts().dialogs).toBe(2)
  })

  it('takes what a fork described before for the answer of its 2xx that has none (§13.2.1)', async () => {
    const { world, ear, answer } = await aliceCallsRaw()

    answer(183, 'one', 'early one')
    answer(183, 'two', 'early two')
    answer(200, 'two')
    await world.run(10)

    expect(ear.heard.at(-1)).toBe('answered [early two]')
  })

  it('keeps 64 early dialogs, whatever one makes up; any fork may answer', async () => {
    const { world, alice, ear, answer } = await aliceCallsRaw()

    for (let fork = 0; fork < 100; fork++) answer(180, `t${fork}`)
    await world.run(10)
    const { dialogs } = alice.agent.counts()
    answer(200, 't99', 'answer')
    await world.run(10)

    expect(dialogs).toBe(64)
    expect(ear.heard.slice(99)).toEqual(['180', 'answered [answer]'])
  })

  it('keeps the first fork that answers; another one gets ACK and BYE (§13.2.2.4)', async () => {
    const { world, alice, raw, ear, session, answer } = await aliceCallsRaw()

    answer(180, 'one')
    answer(200, 'two', 'answer two')
    await world.run(10)
    const first = raw.heard()
    answer(200, 'one', 'answer one')
    await world.run(10)
    const second = raw.heard()
    const bye = raw.last('BYE')
    answer(200, 'one', 'answer one')
    await world.run(10)
    raw.send(buildResponse(bye, 200))
    session.bye()
    await world.run(10)

    expect(first).toEqual(['ACK'])
    expect(second).toEqual(['ACK', 'BYE'])
    expect(bye.toTag).toBe('one')
    expect(raw.heard()).toEqual(['ACK', 'BYE'])
    expect(raw.last('BYE').toTag).toBe('two')
    expect(ear.heard).toEqual(['180', 'answered [answer two]'])
    expect(alice.agent.counts().dialogs).toBe(1)
  })

  it('acknowledges a 2xx each time it comes (§13.2.2.4)', async () => {
    const { world, raw, ear, answer } = await aliceCallsRaw()

    answer(200, 'b', 'answer')
    await world.run(10)
    const { branch } = raw.last('ACK')
    answer(200, 'b', 'answer')
    await world.run(10)

    expect(raw.heard()).toEqual(['ACK', 'ACK'])
    expect(raw.last('ACK').branch).toBe(branch)
    expect(raw.last('ACK').requestURI).toBe(rawURI)
    expect(ear.heard).toEqual(['answered [answer]'])
  })

  it('sends ACK and requests by the route that the 2xx recorded (§12.1.2, §12.2.1.1)', async () => {
    const { world, raw, session, invite } = await aliceCallsRaw()
    const fields = [
      ['Record-Route', '<sip:127.0.0.3;lr;n=2>'],
      ['Record-Route', '<sip:127.0.0.3;lr;n=1>'],
    ] as const

    raw.send(buildResponse(invite, 200, { toTag: 'b', contact: '<sip:far@192.0.2.1>', fields, body: sdp('answer') }))
    await world.run(10)
    session.bye()
    await world.run(10)

    for (const method of ['ACK', 'BYE']) {
      expect(raw.last(method).requestURI).toBe('sip:far@192.0.2.1')
      expect(raw.last(method).headers('Route')).toEqual(['<sip:127.0.0.3;lr;n=1>', '<sip:127.0.0.3;lr;n=2>'])
    }
    expect([raw.last('ACK').cseq, raw.last('BYE').cseq]).toEqual([1, 2])
  })

  it('fails with the final response, and with 408 or 503 where there is none (§13.2.2.3, §8.1.3.1)', async () => {
    const { world, alice, ear, answer } = await aliceCallsRaw()
    const silence = new Ear()
    const nowhere = new Ear()

    answer(486, 'b')
    alice.agent.invite({ ...call, requestURI: 'sip:nobody@127.0.0.9' }, silence)
    alice.agent.invite({ ...call, requestURI: 'sip:nobody@example.com' }, nowhere)
    await world.run(70_000)

    expect(ear.heard).toEqual(['failed 486 Busy Here'])
    expect(silence.heard).toEqual(['failed 408 Request Timeout'])
    expect(nowhere.heard).toEqual(['failed 503 Service Unavailable'])
    expect(remains(alice)).toEqual([nothing])
  })

  it('cancels as soon as a provisional response allows it, with the reason given (§9.1, RFC 3326)', async () => {
    const world = new World()
    const { alice, bob } = await twoPhones(world)
    const taken = taking(bob.agent, (session) => session.progress(180))
    const ear = new Ear()

    alice.agent.invite(call, ear).cancel([['Reason', 'SIP;cause=200;text="Call completed elsewhere"']])
    await world.run(40_000)

    expect(ear.heard).toEqual(['180', 'failed 487 Request Terminated'].slice(1))
    expect(taken[0]?.ear.heard).toEqual(['cancelled SIP;cause=200;text="Call completed elsewhere"'])
    expect(remains(alice, bob)).toEqual([nothing, nothing])
  })

  it('acknowledges and ends a 2xx that crosses its CANCEL, and fails with 487 (§9.1, §15)', async () => {
    const { world, alice, raw, ear, session, answer } = await aliceCallsRaw()

    answer(180, 'b')
    await world.run(10)
    session.cancel()
    answer(200, 'b', 'answer')
    await world.run(10)
    const heard = raw.heard()
    raw.send(buildResponse(raw.last('BYE'), 200))
    raw.send(buildResponse(raw.last('CANCEL'), 200))
    await world.run(70_000)

    expect(heard).toEqual(['CANCEL', 'ACK', 'BYE'])
    expect(ear.heard).toEqual(['180', 'failed 487 Request Terminated'])
    expect(remains(alice)).toEqual([nothing])
  })

  it('hangs up a call that has not been answered by CANCEL (§15)', async () => {
    const { world, raw, session, answer } = await aliceCallsRaw()

    answer(180, 'b')
    await world.run(10)
    session.bye()
    await world.run(10)

    expect(raw.heard()).toEqual(['CANCEL'])
  })

  it('answers the offer of a 2xx in the ACK, and repeats it there (late offer, §13.2.1)', async () => {
    const { world, raw, ear, answer } = await aliceCallsRaw({ ...late, requestURI: rawURI, to: `<${rawURI}>` })

    ear.onAnswered = ({ acknowledge }) => acknowledge?.(sdp('my answer'))
    answer(200, 'b', 'their offer')
    answer(200, 'b', 'their offer')
    await world.run(10)

    expect(ear.heard).toEqual(['answered [their offer]'])
    expect(raw.heard()).toEqual(['ACK', 'ACK'])
    expect(raw.last('ACK').body.toString()).toBe('my answer')
  })

  it('fails where the 2xx cannot make a dialog, as its peer cannot be reached', async () => {
    const { world, alice, raw, ear, invite } = await aliceCallsRaw()

    raw.send(buildResponse(invite, 200, { toTag: 'b', contact: '<nonsense', body: sdp('answer') }))
    await world.run(40_000)

    expect(ear.heard).toEqual(['failed 503 Service Unavailable'])
    expect(remains(alice)).toEqual([nothing])
  })

  it('refuses a BYE in an early dialog, which only the caller may send (§15)', async () => {
    const { world, raw, ear, invite, answer } = await aliceCallsRaw()

    answer(180, 'b')
    await world.run(10)
    const from = `${invite.header('To')};tag=b`
    raw.request('BYE', { from, to: invite.header('From') ?? '', callID: invite.callID }, '127.0.0.1')
    await world.run(10)

    expect(raw.heard()).toEqual(['481'])
    expect(ear.heard).toEqual(['180'])
  })
})
