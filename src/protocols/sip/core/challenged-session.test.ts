import { describe, expect, it } from 'vitest'
import type { Address, UdpPort } from '#platform/runtime/runtime.ts'
import { World } from '#simulation/world.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { secretOf } from './digest.ts'
import { phone } from './phones.fixture.ts'
import type { SessionUser } from './session.ts'

const sdp = { type: 'application/sdp', bytes: Buffer.from('v=0\r\n') }

/** A provider that asks for the password of every request, ACK apart, and takes any answer to its challenge. */
async function provider(world: World, realm: string, stale = false) {
  const heard: string[] = []
  const local: Address = { host: '127.0.0.2', port: 5060 }
  let port: UdpPort | undefined
  const answer = (request: Message, from: Address) => {
    const authorized = request.header('Proxy-Authorization') !== undefined
    heard.push(`${request.method} ${request.cseq}${authorized ? ' authorized' : ''}`)
    if (request.method === 'ACK') return
    const value = `Digest realm="${realm}", nonce="n", algorithm=MD5${stale ? ', stale=true' : ''}`
    const parts = {
      toTag: 'provider',
      contact: '<sip:127.0.0.2:5060>',
      body: request.method === 'INVITE' ? sdp : undefined,
    }
    const response =
      authorized && !stale
        ? buildResponse(request, 200, parts)
        : buildResponse(request, 407, { toTag: 'provider', fields: [['Proxy-Authenticate', value]] })
    port?.send(response.bytes, from)
  }
  port = await world.complete(world.host('provider').net.udp(local, (bytes, from) => answer(parseMessage(bytes), from)))
  return heard
}

async function call(realm: string, stale = false) {
  const world = new World()
  const heard = await provider(world, realm, stale)
  const { agent } = await phone(world, 'caller', '127.0.0.1')
  const told: string[] = []
  const user: SessionUser = {
    answered: () => told.push('answered'),
    failed: ({ status }) => told.push(`failed ${status}`),
    ended: () => told.push('ended'),
  }
  const session = agent.invite(
    {
      requestURI: 'sip:1@127.0.0.2:5060',
      from: '<sip:account@provider>',
      to: '<sip:1@127.0.0.2>',
      body: sdp,
      identity: {
        username: 'account',
        realm: 'provider',
        secretOf: (algorithm) => secretOf('account', 'provider', 'secret', algorithm),
      },
    },
    user,
  )
  await world.run(1_000)
  return { world, heard, told, session, agent }
}

describe('a session with a provider that asks for a password (RFC 3261 §22.2)', () => {
  it('sends the INVITE again with it, under the next number, and the ACK to its 2xx, too (§13.2.2.4)', async () => {
    const { heard, told } = await call('provider')

    expect(heard).toEqual(['INVITE 1', 'ACK 1', 'INVITE 2 authorized', 'ACK 2 authorized'])
    expect(told).toEqual(['answered'])
  })

  it('does the same with re-INVITE, INFO and BYE', async () => {
    const { world, heard, session, agent } = await call('provider')
    heard.length = 0
    const outcomes: number[] = []

    session.reinvite(sdp, ({ status }) => outcomes.push(status))
    await world.run(1_000)
    session.request('INFO', ({ status }) => outcomes.push(status))
    await world.run(1_000)
    session.bye()
    await world.run(40_000)

    expect(outcomes).toEqual([200, 200])
    expect(heard).toEqual([
      ...['INVITE 3', 'ACK 3', 'INVITE 4 authorized', 'ACK 4 authorized'],
      ...['INFO 5', 'INFO 6 authorized'],
      ...['BYE 7', 'BYE 8 authorized'],
    ])
    expect(agent.counts()).toEqual({ sessions: 0, dialogs: 0, requests: 0 })
  })

  it('tells its user the challenge where it is for another realm, and answers none', async () => {
    const { heard, told } = await call('elsewhere')

    expect(heard).toEqual(['INVITE 1', 'ACK 1'])
    expect(told).toEqual(['failed 407'])
  })

  it('gives up where every nonce is stale', async () => {
    const { heard, told } = await call('provider', true)

    expect(heard.filter((line) => line.startsWith('INVITE'))).toEqual([
      'INVITE 1',
      'INVITE 2 authorized',
      'INVITE 3 authorized',
    ])
    expect(told).toEqual(['failed 407'])
  })
})
