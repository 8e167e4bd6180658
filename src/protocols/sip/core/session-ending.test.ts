import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { connected, nothing, rawAndBob, remains, respond } from './phones.fixture.ts'

describe('a session', () => {
  it('ends by BYE from either side, also where the two cross (§15)', async () => {
    const { world, bob, raw, session, ear, request } = await rawAndBob(new World())

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

  it('tells why the other side hung up (RFC 3326)', async () => {
    const { world, raw, request, ear } = await rawAndBob(new World())
    const { to } = { to: request('OPTIONS', 2).header('To') ?? '' }

    raw.request('BYE', { to, cseq: 3, fields: [['Reason', 'SIP;cause=480']] })
    await world.run(10)

    expect(ear.heard).toEqual(['requested OPTIONS', 'ended bye SIP;cause=480'])
  })
})

/** Alice, whose requests go nowhere while `gate.open` is false, talks to Bob. */
async function behindGate() {
  const gate = { open: true }
  const nextHop = () => (gate.open ? ({ protocol: 'UDP', host: '127.0.0.2', port: 5060 } as const) : undefined)
  return { gate, ...(await connected(new World(), { options: { nextHop } })) }
}

describe('a BYE that cannot leave', () => {
  it('leaves as soon as there is a way again, once, so that nobody stays in a dead call', async () => {
    const { world, gate, alice, bob, session, theirEar } = await behindGate()
    gate.open = false

    session.bye([['Reason', 'SIP;cause=200']])
    await world.run(20_000)
    const before = [...theirEar.heard]
    gate.open = true
    await world.run(4_000)

    expect(before).toEqual([])
    expect(theirEar.heard).toEqual(['ended bye SIP;cause=200'])
    await world.run(40_000)
    expect(remains(alice, bob)).toEqual([nothing, nothing])
  })

  it('is given up when the transactions are closed that it waits for', async () => {
    const { world, gate, alice, session } = await behindGate()
    gate.open = false
    session.bye()
    await world.run(1_000)

    alice.transactions.close()
    await world.run(4_000)

    expect(remains(alice)).toEqual([nothing])
  })

  it('is given up after 64·T1, as one that nobody answers (§17.1.2.2)', async () => {
    const { world, gate, alice, session, theirEar } = await behindGate()
    gate.open = false

    session.bye()
    await world.run(31_000)
    const { sessions } = alice.agent.counts()
    await world.run(2_000)
    gate.open = true
    await world.run(40_000)

    expect(sessions).toBe(1)
    expect(remains(alice)).toEqual([nothing])
    expect(theirEar.heard).toEqual([])
  })
})
