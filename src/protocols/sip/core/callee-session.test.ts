import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import {
  answering,
  bobHost,
  connected,
  nothing,
  phone,
  type RawPeer,
  rawHost,
  rawPeer,
  remains,
  sdp,
  taking,
} from './phones.fixture.ts'

/** The raw peer calls Bob, who has been told. */
async function rawCallsBob(take = answering, body = 'offer') {
  const world = new World()
  const bob = await phone(world, 'bob', bobHost)
  const taken = taking(bob.agent, take)
  const raw = await rawPeer(world)
  raw.request('INVITE', body === '' ? {} : { body: sdp(body) })
  await world.run(10)
  const [theirs] = taken
  if (theirs === undefined) throw new Error('the call has not arrived')
  return { world, bob, raw, taken, ...theirs }
}

/** A request of the raw peer in the dialog that Bob's last response to its INVITE made. */
const inDialog = (response: Message, cseq: number) => ({ to: response.header('To') ?? '', cseq })

const acknowledge = (raw: RawPeer, response: Message, body?: string) =>
  raw.request('ACK', { ...inDialog(response, response.cseq), ...(body === undefined ? {} : { body: sdp(body) }) })

describe('a session the other side opens', () => {
  it('rings, gives early media and answers, with Contact and tag in each (§12.1.1, §13.3.1)', async () => {
    const { world, raw, session, ear } = await rawCallsBob((incoming) => incoming.progress(180))

    session.progress(183, 'Please Wait', sdp('early'))
    session.accept(sdp('answer'), [['X-Note', 'yes']])
    await world.run(10)
    const [ringing, early, ok] = ['180', '183', '200'].map((what) => raw.last(what))
    acknowledge(raw, raw.last('200'))
    await world.run(10)

    expect(raw.heard()).toEqual(['180', '183', '200'])
    for (const response of [ringing, early, ok]) {
      expect(response?.header('Contact')).toBe('<sip:bob@127.0.0.2:5060>')
      expect(response?.toTag).toBe(ringing?.toTag)
    }
    expect([early?.reason, early?.body.toString()]).toEqual(['Please Wait', 'early'])
    expect([ok?.header('X-Note'), ok?.header('Allow')?.startsWith('INVITE')]).toEqual(['yes', true])
    expect(ear.heard).toEqual(['acknowledged'])
  })

  it('repeats the 2xx until its ACK, then no more (§13.3.1.4)', async () => {
    const { world, raw, ear } = await rawCallsBob()

    await world.run(1_600)
    const before = raw.heard()
    acknowledge(raw, raw.last('200'))
    await world.run(10_000)

    expect(before).toEqual(['200', '200', '200'])
    expect(raw.heard()).toEqual([])
    expect(ear.heard).toEqual(['acknowledged'])
  })

  it('ends with BYE where no ACK comes in 64·T1 (§13.3.1.4)', async () => {
    const { world, bob, raw, ear } = await rawCallsBob()

    await world.run(32_100)
    raw.send(buildResponse(raw.last('BYE'), 200), bobHost)
    await world.run(40_000)

    expect(ear.heard).toEqual(['ended no-ack'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('tells a ringing caller so every minute, from the last response on (§13.3.1.1)', async () => {
    const { world, raw, session } = await rawCallsBob((incoming) => incoming.progress(180))

    await world.run(30_000)
    session.progress(183)
    await world.run(59_000)
    const before = raw.heard()
    await world.run(61_500)

    expect(before).toEqual(['180', '183'])
    expect(raw.heard()).toEqual(['183', '183'])
  })

  it('tells of the CANCEL and has sent 487; an answer that crosses it is nothing (§9.2)', async () => {
    const { world, bob, raw, session, ear } = await rawCallsBob((incoming) => incoming.progress(180))
    raw.heard()

    raw.request('CANCEL', { fields: [['Reason', 'Q.850;cause=16']] }, bobHost, `${rawHost}-1`)
    await world.run(10)
    session.accept(sdp('answer'))
    const heard = raw.heard()
    raw.request('ACK', {}, bobHost, `${rawHost}-1`)
    await world.run(40_000)

    expect(heard).toEqual(['200', '487'])
    expect(ear.heard).toEqual(['cancelled Q.850;cause=16'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('refuses with what its user says (§13.3.1.3)', async () => {
    const { world, raw, bob } = await rawCallsBob((incoming) =>
      incoming.reject(486, 'On The Phone', [['X-Why', 'talk']]),
    )

    raw.request('ACK', {}, bobHost, `${rawHost}-1`)
    await world.run(40_000)

    expect(raw.heard()).toEqual(['486'])
    expect([raw.last('486').reason, raw.last('486').header('X-Why')]).toEqual(['On The Phone', 'talk'])
    expect(remains(bob)).toEqual([nothing])
  })

  it('refuses with 480 where its user only hangs up', async () => {
    const { raw, world, session } = await rawCallsBob((incoming) => incoming.progress(180))

    session.bye()
    await world.run(10)

    expect(raw.heard()).toEqual(['180', '480'])
  })

  it('takes a BYE in the early dialog: 200 to it, 487 to the INVITE (§15)', async () => {
    const { world, raw, ear } = await rawCallsBob((incoming) => incoming.progress(180))

    raw.request('BYE', inDialog(raw.last('180'), 2))
    await world.run(10)

    expect(raw.heard()).toEqual(['180', '200', '487'])
    expect(ear.heard).toEqual(['ended bye'])
  })

  it('waits for the ACK before its BYE (§15)', async () => {
    const { world, bob, raw, session } = await rawCallsBob()
    raw.heard()

    session.bye()
    await world.run(10)
    const before = raw.heard()
    acknowledge(raw, raw.last('200'))
    await world.run(10)
    raw.send(buildResponse(raw.last('BYE'), 200), bobHost)
    await world.run(40_000)

    expect(before).toEqual([])
    expect(raw.heard()[0]).toBe('BYE')
    expect(remains(bob)).toEqual([nothing])
  })

  it('offers in its 2xx where the INVITE had no offer, and has the answer from the ACK (late offer, §13.2.1)', async () => {
    const { world, raw, session, ear } = await rawCallsBob(answering, '')

    acknowledge(raw, raw.last('200'), 'their answer')
    await world.run(10)

    expect(session.offer).toBeUndefined()
    expect(ear.heard).toEqual(['acknowledged [their answer]'])
  })

  it('lets an INVITE that comes by another way join: answers take the newest (deviates from §8.2.2.2)', async () => {
    const { world, bob, raw, taken, session } = await rawCallsBob((incoming) => incoming.progress(180))
    const retry = await rawPeer(world, '127.0.0.4')
    raw.heard()

    retry.request('INVITE', { body: sdp('offer'), fields: [['Record-Route', '<sip:127.0.0.4;lr>']] })
    await world.run(10)
    session.accept(sdp('answer'))
    await world.run(10)
    const ok = retry.last('200')
    retry.request('ACK', { to: ok.header('To') ?? '' })
    raw.request('ACK', {}, bobHost, `${rawHost}-1`)
    await world.run(10)
    session.bye()
    await world.run(10)
    const bye = retry.last('BYE')
    retry.send(buildResponse(bye, 200), bobHost)
    await world.run(70_000)

    expect(raw.heard()).toEqual(['482'])
    expect(retry.heard()).toEqual(['180', '200', 'BYE'])
    expect(ok.headers('Record-Route')).toEqual(['<sip:127.0.0.4;lr>'])
    expect(bye.headers('Route')).toEqual(['<sip:127.0.0.4;lr>'])
    expect(taken).toHaveLength(1)
    expect(remains(bob)).toEqual([nothing])
  })

  it('answers it again by another way until the ACK has come, and is a merged request then (§8.2.2.2)', async () => {
    const { world, raw, taken } = await rawCallsBob()
    const retry = await rawPeer(world, '127.0.0.4')

    retry.request('INVITE', { body: sdp('offer') })
    await world.run(10)
    const joined = retry.heard()
    acknowledge(raw, raw.last('200'))
    await world.run(10)
    retry.request('INVITE', { body: sdp('offer') })
    await world.run(10)

    expect(joined).toEqual(['200'])
    expect(retry.heard()).toEqual(['482'])
    expect(taken).toHaveLength(1)
  })

  it('keeps no message beyond the ACK: what is wanted of the INVITE is to be copied', async () => {
    const { session, theirs } = await connected(new World())

    expect(() => theirs.invite).toThrow('is not kept beyond its ACK')
    expect(JSON.stringify(session.snapshot())).not.toContain('message')
  })

  it('gives all of itself as plain JSON data', async () => {
    const { session } = await rawCallsBob((incoming) => incoming.progress(180))

    const snapshot = session.snapshot()

    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot)
    expect(snapshot).toMatchObject({ role: 'callee', callID: 'raw-1', dialogs: [{ remoteTag: 'r' }] })
  })
})
