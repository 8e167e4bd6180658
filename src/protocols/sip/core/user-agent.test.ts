import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { bobURI, call, Ear, nothing, outcomes, phone, rawPeer, remains, taking, twoPhones } from './phones.fixture.ts'
import type { UserAgent } from './user-agent.ts'

async function bobAndRaw(options = {}) {
  const world = new World()
  const bob = await phone(world, 'bob', '127.0.0.2', { options })
  const raw = await rawPeer(world)
  return { world, bob, raw }
}

const options = { method: 'OPTIONS', requestURI: bobURI, from: '<sip:alice@127.0.0.1>', to: `<${bobURI}>` }

describe('requests outside dialogs', () => {
  it('answers OPTIONS with what it understands (RFC 3261 §11.2)', async () => {
    const { world, bob, raw } = await bobAndRaw({ methods: ['MESSAGE'], supported: ['replaces'] })

    raw.request('OPTIONS')
    await world.run(100)
    const response = raw.last('200')
    await world.run(40_000)

    expect(response.headers('Allow').join(', ')).toBe(
      'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE',
    )
    expect(response.header('Accept')).toBe('application/sdp')
    expect(response.headers('Supported')).toEqual(['100rel', 'replaces'])
    expect(response.header('Server')).toBe('Test/1')
    expect(response.toTag).not.toBe('')
    expect(remains(bob)).toEqual([nothing])
  })

  it('lets its owner answer OPTIONS within the turn', async () => {
    const { world, bob, raw } = await bobAndRaw()
    bob.agent.onRequest((_request, respond) => respond(486))

    raw.request('OPTIONS')
    await world.run(100)

    expect(raw.heard()).toEqual(['486'])
  })

  it('refuses a method it knows but does not take with 405 and Allow, and others with 501 (§8.2.1, §21.5.2)', async () => {
    const { world, raw } = await bobAndRaw()

    raw.request('MESSAGE')
    raw.request('DANCE', { callID: 'raw-2' })
    await world.run(100)

    expect(raw.heard()).toEqual(['405', '501'])
    expect(raw.last('405').header('Allow')).toContain('INVITE')
  })

  it('refuses an extension it does not support with 420 and its name (§8.2.2.3)', async () => {
    const { world, raw } = await bobAndRaw({ supported: ['replaces'] })

    raw.request('OPTIONS', { fields: [['Require', '100rel, replaces, nonsense']] })
    await world.run(100)

    expect(raw.last('420').header('Unsupported')).toBe('nonsense')
  })

  it('refuses a scheme it does not know with 416 (§8.2.2.1)', async () => {
    const { world, raw } = await bobAndRaw()

    raw.request('OPTIONS', { requestURI: 'mailto:bob@example.com' })
    await world.run(100)

    expect(raw.heard()).toEqual(['416'])
  })

  it('answers 482 to a request that came by two ways, while the first waits for its answer (§8.2.2.2)', async () => {
    const { world, bob, raw } = await bobAndRaw({ methods: ['MESSAGE'] })
    const answers: (() => void)[] = []
    bob.agent.onRequest((_request, respond) => answers.push(() => respond(200)))

    raw.request('MESSAGE')
    raw.request('MESSAGE')
    await world.run(100)
    const first = raw.heard()
    answers[0]?.()
    await world.run(40_000)

    expect(first).toEqual(['482'])
    expect(raw.heard()).toEqual(['200'])
    expect(answers).toHaveLength(1)
    expect(remains(bob)).toEqual([nothing])
  })

  it('answers 481 to what only a dialog can take, and to tags it never gave (§12.2.2)', async () => {
    const { world, raw } = await bobAndRaw()

    for (const method of ['BYE', 'UPDATE', 'INFO']) raw.request(method, { callID: method })
    raw.request('BYE', { to: `<${bobURI}>;tag=unknown` })
    raw.request('OPTIONS', { to: `<${bobURI}>;tag=unknown`, callID: 'raw-2' })
    raw.request('CANCEL', { callID: 'raw-3' })
    await world.run(100)

    expect(raw.heard()).toEqual(['481', '481', '481', '481', '481', '481'])
  })

  it('is temporarily unavailable where nobody takes calls or requests', async () => {
    const { world, raw } = await bobAndRaw()

    raw.request('INVITE')
    raw.request('NOTIFY', { callID: 'raw-2' })
    await world.run(100)

    expect(raw.heard()).toEqual(['480', '480'])
  })

  it('refuses an INVITE whose Contact is missing or none (§8.1.1.8, §12.1.1)', async () => {
    const { world, bob, raw } = await bobAndRaw()
    const taken = taking(bob.agent)

    raw.request('INVITE', { contact: '<nonsense' })
    await world.run(100)

    expect(raw.heard()).toEqual(['400'])
    expect(taken).toEqual([])
  })

  it('refuses an INVITE to whose To no tag can be added: its peer would not find the dialog (RFC 4475 §3.1.2.6)', async () => {
    const { world, bob, raw } = await bobAndRaw()
    const taken = taking(bob.agent)

    raw.request('INVITE', { to: '"Mr. J. User <sip:bob@127.0.0.2>' })
    await world.run(100)

    expect(raw.heard()).toEqual(['400'])
    expect(taken).toEqual([])
  })

  it('sends a request and tells its one outcome (§8.1.3)', async () => {
    const world = new World()
    const { alice, bob } = await twoPhones(world)
    const { heard, done } = outcomes()

    alice.agent.request(options, done)
    await world.run(40_000)

    expect(heard).toEqual(['200 OK'])
    expect(remains(alice, bob)).toEqual([nothing, nothing])
  })

  it('takes silence for 408, and no way to the peer for 503 (§8.1.3.1)', async () => {
    const world = new World()
    const { alice } = await twoPhones(world)
    const { heard, done } = outcomes()
    const ask = (agent: UserAgent, requestURI: string) => agent.request({ ...options, requestURI }, done)

    ask(alice.agent, 'sip:nobody@example.com')
    ask(alice.agent, 'sip:nobody@127.0.0.9')
    await world.run(40_000)

    expect(heard).toEqual(['503 Service Unavailable', '408 Request Timeout'])
    expect(remains(alice)).toEqual([nothing])
  })

  it('throws for what cannot be written, and keeps nothing of it', async () => {
    const world = new World()
    const { alice } = await twoPhones(world)
    const broken = { fields: [['X-Note', 'one\r\ntwo']] } as const

    expect(() => alice.agent.invite({ ...call, ...broken }, new Ear())).toThrow('line break')
    expect(() => alice.agent.invite({ ...call, route: ['<nonsense'] }, new Ear())).toThrow('no closing >')
    expect(() => alice.agent.request({ ...options, ...broken }, () => {})).toThrow('line break')
    expect(remains(alice)).toEqual([nothing])
  })

  it('names in its Contact what its owner says, else where the transport is reached (§8.1.1.8)', async () => {
    const world = new World()
    const raw = await rawPeer(world)
    const named = await phone(world, 'node', '127.0.0.1', { options: { contactHost: 'node1.dc1' } })
    const plain = await phone(world, 'bob', '127.0.0.2')
    const invitation = { ...call, requestURI: 'sip:raw@127.0.0.3' }

    named.agent.invite(invitation, new Ear())
    await world.run(10)
    const first = raw.last('INVITE').header('Contact')
    plain.agent.invite(invitation, new Ear())
    await world.run(10)

    expect(first).toBe('<sip:node@node1.dc1>')
    expect(raw.last('INVITE').header('Contact')).toBe('<sip:bob@127.0.0.2:5060>')
  })
})
