import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'
import type { ScriptedPeer } from '#simulation/sip-peers.ts'

const instance = '<urn:uuid:00000000-0000-1000-8000-000A95A0E128>'
const flow = (regID: number, more = '') =>
  `<sip:1001@192.168.1.20:5060;transport=tcp>;+sip.instance="${instance}";reg-id=${regID}${more}`

async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const { world } = cluster
  /** The node grants what it is asked; `fields` are put in the place of its Contact. */
  const register = async (phone: ScriptedPeer, callID: string, contact: string, fields: string[] = []) => {
    phone.say(registerText('1001', { callID, transport: 'TCP', at: '192.168.1.20:5060', contact, fields }))
    await world.run(10)
    const request = node.requests('REGISTER').at(-1)
    const contacts = (request?.headers('Contact') ?? []).map((one) => ['Contact', `${one};expires=60`] as const)
    if (request?.callID === callID) node.answer(request, 200, contacts)
    await world.run(10)
    return phone.responses('REGISTER').at(-1)
  }
  let calls = 0
  const call = async () => {
    calls += 1
    node.say(
      requestText('INVITE', {
        uri: 'sip:1001@ringmain',
        user: 'c',
        at: 'node1.dc1',
        transport: 'TCP',
        callID: `c${calls}`,
      }),
    )
    await world.run(10)
  }
  const phoneOn = (name: string) => cluster.tcp(name, proxy)
  return { cluster, world, proxy, node, register, call, phoneOn }
}

describe('several flows of one phone (RFC 5626)', () => {
  it('are registered beside each other, and the answer says so where the phone asked for it (§6)', async () => {
    const { register, phoneOn } = await setUp()
    const [one, other] = [await phoneOn('one'), await phoneOn('other')]

    const first = await register(one, 'r1', flow(1), ['Supported: path, outbound'])
    const second = await register(other, 'r2', flow(2))

    expect([first?.headers('Require'), second?.headers('Require')]).toEqual([['outbound'], []])
    expect(second?.headers('Contact').map((contact) => /reg-id=(\d)/.exec(contact)?.[1])).toEqual(['1', '2'])
  })

  it('ring the phone once: the newest is taken, the other when that is gone (§5.3)', async () => {
    const { world, register, call, phoneOn } = await setUp()
    const [one, other] = [await phoneOn('one'), await phoneOn('other')]
    await register(one, 'r1', flow(1))
    await world.run(1000)
    await register(other, 'r2', flow(2))

    await call()
    other.connection.destroy()
    await world.run(10)
    await call()

    expect([one, other].map((phone) => phone.requests('INVITE').map(({ callID }) => callID))).toEqual([['c2'], ['c1']])
  })

  it('of two phones ring both', async () => {
    const { register, call, phoneOn } = await setUp()
    const [one, other] = [await phoneOn('one'), await phoneOn('other')]
    await register(one, 'r1', flow(1))
    await register(other, 'r2', flow(1).replace('A95A0E128', 'A95A0E129'))

    await call()

    expect([one, other].map((phone) => phone.requests('INVITE').length)).toEqual([1, 1])
  })

  it('are replaced when the same one is registered again, from wherever', async () => {
    const { register, call, phoneOn } = await setUp()
    const [one, other] = [await phoneOn('one'), await phoneOn('other')]
    await register(one, 'r1', flow(1))

    const answer = await register(other, 'r2', flow(1))
    await call()

    expect(answer?.headers('Contact')).toHaveLength(1)
    expect([one, other].map((phone) => phone.requests('INVITE').length)).toEqual([0, 1])
  })

  it('are refused with 439 where a proxy before us keeps none, and taken where it says that it does (§6)', async () => {
    const { register, phoneOn } = await setUp()
    const [bare, edge] = [await phoneOn('bare'), await phoneOn('edge')]
    const via = 'Via: SIP/2.0/TCP 192.168.1.99;branch=z9hG4bKedge'

    const refused = await register(bare, 'r1', flow(1), [via])
    const taken = await register(edge, 'r2', flow(1), [via, 'Path: <sip:token@10.0.0.1;lr;ob>'])

    expect([refused?.status, taken?.status]).toEqual([439, 200])
  })

  it.each([
    ['two flows at once', `${flow(1)}, ${flow(2)}`],
    ['a flow and another contact', `${flow(1)}, <sip:1001@192.168.1.21>`],
  ])('are refused with 400 where one REGISTER has %s (§6)', async (_what, contact) => {
    const { register, phoneOn } = await setUp()

    const answer = await register(await phoneOn('one'), 'r1', contact)

    expect(answer?.status).toBe(400)
  })

  it('need an instance: without one a reg-id means nothing (§6)', async () => {
    const { register, phoneOn } = await setUp()

    const answer = await register(await phoneOn('one'), 'r1', '<sip:1001@192.168.1.20:5060>;reg-id=1', [
      'Supported: outbound',
    ])

    expect([answer?.status, answer?.headers('Require')]).toEqual([200, []])
  })

  it.each(['reg-id=x', 'reg-id=-1', 'reg-id=99999999999'])(
    'are refused with 400 where their number is none: %s',
    async (id) => {
      const { register, phoneOn } = await setUp()

      const answer = await register(await phoneOn('one'), 'r1', flow(1).replace('reg-id=1', id))

      expect(answer?.status).toBe(400)
    },
  )
})
