import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import {
  answering,
  bobHost,
  connected,
  nothing,
  outcomes,
  phone,
  rawAndBob,
  rawPeer,
  rawURI,
  remains,
  respond,
  sdp,
} from './phones.fixture.ts'

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
    const { world, raw, session, request } = await rawAndBob(new World())

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
    const { world, raw, request, ear } = await rawAndBob(new World())

    request('INFO', 7)
    request('INFO', 6)
    request('INFO', 7)
    await world.run(10)

    expect(raw.heard()).toEqual(['200', '500', '500'])
    expect(ear.heard).toEqual(['requested INFO'])
  })

  it('are refused with 481 where the other tag is none of the dialog (§12.2.2)', async () => {
    const { world, raw, request } = await rawAndBob(new World())
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
    const { world, bob, raw, session, ear } = await rawAndBob(new World())
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
    const { world, raw, session, ear } = await rawAndBob(new World())
    const { heard, done } = outcomes()

    session.request('NOTIFY', done)
    await world.run(10)
    respond(raw, raw.last('NOTIFY'), 481)
    await world.run(10)

    expect(heard).toEqual(['481 Call/Transaction Does Not Exist'])
    expect(ear.heard).toEqual([])
  })

  it('say so by a flow that is gone and has not come back in 40 s (RFC 5626 §5.3)', async () => {
    const { world, raw, session, ear } = await rawAndBob(new World())
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
    const { world, bob, raw, session, ear } = await rawAndBob(new World())

    session.request('OPTIONS', () => {})
    await world.run(32_100)
    const heard = new Set(raw.heard())
    await world.run(40_000)

    expect([...heard]).toEqual(['OPTIONS', 'BYE'])
    expect(ear.heard).toEqual(['ended gone 408 Request Timeout'])
    expect(remains(bob)).toEqual([nothing])
  })
})
