import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { answering, bobHost, phone, rawPeer, sdp, taking } from './phones.fixture.ts'

const parts = (...all: readonly (readonly [header: string, body: string])[]) => ({
  type: 'multipart/mixed;boundary=b',
  bytes: Buffer.from(`${all.map(([header, body]) => `--b\r\n${header}\r\n\r\n${body}\r\n`).join('')}--b--\r\n`),
})
const offer = ['Content-Type: application/sdp', 'offer'] as const
const unknown = 'Content-Type: application/x-unknown'

async function rawAndBob() {
  const world = new World()
  const bob = await phone(world, 'bob', bobHost)
  const taken = taking(bob.agent, answering)
  const raw = await rawPeer(world)
  return { world, bob, raw, taken }
}

describe('a body of several parts in an INVITE (RFC 5621)', () => {
  it.each([
    ['with a location', ['Content-Type: application/pidf+xml', '<presence/>']],
    ['with ISUP', ['Content-Type: application/ISUP;version=x\r\nContent-Disposition: signal;handling=required', 'x']],
    ['with something unknown that is optional', [`${unknown}\r\nContent-Disposition: render;handling=optional`, 'x']],
  ] as const)('%s: the description in it is the offer', async (_what, other) => {
    const { world, raw, taken } = await rawAndBob()

    raw.request('INVITE', { body: parts(other, offer) })
    await world.run(10)

    expect(taken[0]?.session.offer).toEqual(sdp('offer'))
    expect(raw.heard()).toEqual(['200'])
  })

  it('without a description is an INVITE without an offer', async () => {
    const { world, raw, taken } = await rawAndBob()

    raw.request('INVITE', { body: parts(['Content-Type: application/pidf+xml', '<presence/>']) })
    await world.run(10)

    expect(taken[0]?.session.offer).toBeUndefined()
  })

  it('is refused with 415 where a part is unknown and required, as parts are unless they say otherwise (§8.2)', async () => {
    const { world, raw, taken } = await rawAndBob()

    raw.request('INVITE', { body: parts(offer, [unknown, 'x']) })
    await world.run(10)

    expect(raw.last('415').headers('Accept')).toEqual(['application/sdp', 'multipart/mixed'])
    expect(taken).toEqual([])
  })

  it('that is none is refused with 400', async () => {
    const { world, raw } = await rawAndBob()

    raw.request('INVITE', { body: { type: 'multipart/mixed;boundary=c', bytes: parts(offer).bytes } })
    await world.run(10)

    expect(raw.heard()).toEqual(['400'])
  })
})

describe('compact forms (RFC 3261 §7.3.3)', () => {
  it('are understood wherever the long ones are, in a whole call', async () => {
    const { world, bob, raw, taken } = await rawAndBob()
    const compact = (message: { text: string }) =>
      message.text
        .replace(/^Via:/gm, 'v:')
        .replace(/^From:/m, 'f:')
        .replace(/^To:/m, 't:')
        .replace(/^Call-ID:/m, 'i:')
        .replace(/^Contact:/m, 'm:')
        .replace(/^Supported:/m, 'k:')
        .replace(/^Content-Type:/m, 'c:')
        .replace(/^Content-Length:/m, 'l:')
    const port = await world.complete(world.host('short').net.udp({ host: '127.0.0.4', port: 5060 }, () => {}))
    const shortly = async (...request: Parameters<typeof raw.request>) => {
      const text = compact(raw.request(...request))
      port.send(Buffer.from(text, 'latin1'), { host: bobHost, port: 5060 })
      await world.run(10)
    }

    // The long form goes nowhere: only the short one reaches Bob.
    const nowhere = '127.0.0.9'
    await shortly('INVITE', { body: sdp('offer'), fields: [['Supported', '100rel']] }, nowhere)
    const [offered, to] = [taken[0]?.session.offer, taken[0]?.session.localTag ?? '']
    await shortly('ACK', { to: `<sip:bob@x>;tag=${to}` }, nowhere)
    await shortly('BYE', { to: `<sip:bob@x>;tag=${to}`, cseq: 2 }, nowhere)

    expect(offered).toEqual(sdp('offer'))
    expect(taken[0]?.ear.heard).toEqual(['acknowledged', 'ended bye'])
    expect(bob.agent.counts().sessions).toBe(0)
  })
})
