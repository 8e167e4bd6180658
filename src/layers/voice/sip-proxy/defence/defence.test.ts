import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import type { Log } from '#platform/log/log.ts'
import { silentLog } from '#platform/log/log.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { requestText } from '#simulation/proxy-world.ts'
import { World } from '#simulation/world.ts'
import { Addresses } from '../addresses.ts'
import { Config } from '../config.ts'
import { writeFlow } from '../flow.ts'
import { RouteBook } from '../own-routes.ts'
import { createSeal } from '../seal.ts'
import { Defence } from './defence.ts'
import { Proof } from './proof.ts'
import { Sources } from './sources.ts'

const at = (host: string): Hop => ({ protocol: 'UDP', host, port: 5060 })
const phone = at('192.0.2.1')
const message = (method = 'REGISTER', fields: readonly string[] = [], toTag?: string): Message =>
  parseMessage(Buffer.from(requestText(method, { fields, ...(toTag && { toTag }) }).replaceAll('\n', '\r\n')))
const proving = message('REGISTER', ['Authorization: Digest username="1001"'])

function setUp(config: object = {}) {
  const world = new World()
  const { clock } = world.host('proxy')
  const ignored: string[] = []
  const banned: string[] = []
  const logged: object[] = []
  const log: Log = { ...silentLog, warn: (fields) => void logged.push(fields) }
  const trunks = new Set(['10.9.3.4'])
  const seal = createSeal('the key all proxies share')
  const routes = new RouteBook(seal, new Addresses())
  const whole = Value.Parse(Config.properties.defence, Value.Default(Config.properties.defence, config))
  const defence = new Defence({
    clock,
    log,
    config: whole,
    proof: new Proof({ clock, seal, routes }),
    isTrunk: ({ host, protocol, connection }) =>
      trunks.has(protocol === 'UDP' || connection === undefined ? host : `${protocol} ${connection}`),
    ignored: (why) => ignored.push(why),
    banned: (because) => banned.push(because),
    lifted() {},
    changed() {},
  })
  /** How many of so many such messages are taken. */
  const taken = (count: number, from: Hop, made = message()): number =>
    Array.from({ length: count }, () => defence.admits(from, made.bytes) && defence.takes(made, from)).filter(Boolean)
      .length
  const refuse = (
    count: number,
    from: Hop,
    request: Message,
    status: number,
    fields: readonly [string, string][] = [],
  ) => {
    for (let n = 0; n < count; n++) defence.answered(request, from, buildResponse(request, status, { fields }))
  }
  /** A request as somebody at `from` makes it who has heard our challenge. */
  const answering = (from: Hop, method = 'REGISTER'): Message => {
    const made = message(method)
    const fields: [string, string][] = [['WWW-Authenticate', 'Digest realm="r", nonce="n"']]
    const [told = ''] = defence.answered(made, from, buildResponse(made, 401, { fields })).headers('WWW-Authenticate')
    return message(method, [`Authorization: Digest username="1001", ${told.slice('Digest '.length)}`])
  }
  return { answering, routes, world, trunks, defence, ignored, banned, logged, taken, refuse }
}

describe('defence', () => {
  it('takes so many new requests of one source, and more as time passes; another source has its own', async () => {
    const { world, ignored, taken } = setUp({ requests: { perSecond: 5, burst: 10 } })

    expect(taken(12, phone)).toBe(10)
    expect(taken(12, at('192.0.2.2'))).toBe(10)
    await world.run(1000)
    expect(taken(12, phone)).toBe(5)
    expect(new Set(ignored)).toEqual(new Set(['rate']))
  })

  it('limits what is in a dialog, or belongs to a request that was taken, by itself', () => {
    const { ignored, taken } = setUp({
      requests: { perSecond: 1, burst: 1 },
      inDialog: { perSecond: 1, burst: 30 },
    })

    expect(taken(2, phone, message('INVITE'))).toBe(1)
    for (const method of ['ACK', 'CANCEL']) expect(taken(5, phone, message(method))).toBe(5)
    expect(taken(5, phone, message('BYE', [], 'theirs'))).toBe(5)
    expect(taken(100, phone, message('ACK', [], 'bogus'))).toBe(15)
    expect(new Set(ignored)).toEqual(new Set(['rate', 'in-dialog']))
  })

  it('bounds what somebody who has proved himself sends in dialogs', async () => {
    const { world, taken, refuse } = setUp({ inDialog: { perSecond: 10, burst: 100 } })
    refuse(1, phone, proving, 200)

    expect(taken(1000, phone, message('BYE', [], 'theirs'))).toBe(100)
    await world.run(1000)
    expect(taken(1000, phone, message('INVITE', [], 'theirs'))).toBe(10)
  })

  it('gives strangers one rate together of what is in dialogs too, of which new requests take nothing', () => {
    const { ignored, taken } = setUp({ strangers: { perSecond: 1, burst: 10 } })
    const all = (made: Message) => Array.from({ length: 100 }, (_, n) => taken(1, at(`198.51.100.${n}`), made))
    const ofThem = (results: readonly number[]) => results.filter((one) => one === 1).length

    expect(ofThem(all(message('INVITE')))).toBe(10)
    expect(ofThem(all(message('ACK', [], 'bogus')))).toBe(10)
    expect(new Set(ignored)).toEqual(new Set(['strangers']))
  })

  it('gives strangers what time is left over: while the proxy has other things to do, they get no more', async () => {
    const { world, taken } = setUp({ strangers: { perSecond: 10, burst: 100 } })
    expect(taken(1000, phone)).toBe(100)

    world.work('proxy', 1000)
    await world.run(1000)
    expect(taken(1000, phone)).toBe(0)
    await world.run(1000)
    expect(taken(1000, phone)).toBe(10)
  })

  it('limits no trunk and nobody who is trusted, whatever they do', () => {
    const { defence, taken, refuse } = setUp({ requests: { perSecond: 1, burst: 1 }, failures: { burst: 1 } })

    for (const host of ['10.9.3.4', '127.0.0.1']) {
      refuse(100, at(host), proving, 403)
      expect(taken(100, at(host))).toBe(100)
      expect(defence.watches(at(host))).toBe(false)
    }
  })

  it('asks every few seconds whether an address is a trunk’s: a provider has other servers now and then', async () => {
    const { world, trunks, taken } = setUp({ requests: { perSecond: 1, burst: 1 } })
    expect(taken(5, phone)).toBe(1)

    trunks.add(phone.host)
    await world.run(5_000)

    expect(taken(5, phone)).toBe(5)
  })

  it('trusts a connection for what it has proved, not for what somebody else at its address is', () => {
    const { trunks, taken } = setUp({ requests: { perSecond: 1, burst: 1 } })
    const stream = (connection: number): Hop => ({ ...phone, protocol: 'TLS', connection })
    trunks.add('TLS 7')

    expect(taken(10, phone)).toBe(1)
    expect(taken(10, stream(8))).toBe(1)
    expect(taken(10, stream(7))).toBe(10)
    expect(taken(10, stream(8))).toBe(0)
  })

  it('trusts an IPv6 trunk, but not its neighbours in the same network', () => {
    const { trunks, taken } = setUp({ requests: { perSecond: 1, burst: 1 } })
    trunks.add('2001:db8::1')

    expect(taken(10, at('2001:db8::1'))).toBe(10)
    expect(taken(10, at('2001:db8::2'))).toBe(1)
  })

  it('hears a trunk that was banned before anybody said that it is one', async () => {
    const { world, trunks, taken, refuse } = setUp()
    refuse(60, phone, proving, 401)
    expect(taken(1, phone)).toBe(0)

    trunks.add(phone.host)
    await world.run(5_000)

    expect(taken(1, phone)).toBe(1)
  })

  it('bans who guesses passwords, says so in the log once, and forgets it in time', async () => {
    const { world, defence, ignored, banned, logged, taken, refuse } = setUp({ banSeconds: 60 })

    refuse(50, phone, proving, 401)
    const before = taken(1, phone)
    refuse(10, phone, proving, 401)

    expect([before, taken(1, phone), taken(1, at('192.0.2.2')), defence.bans.own]).toEqual([1, 0, 1, 1])
    expect(ignored).toEqual(['banned'])
    expect(banned).toEqual(['wrong credentials'])
    expect(logged).toEqual([{ source: '192.0.2.1', seconds: 60, because: 'wrong credentials' }])
    await world.run(60_000)
    expect([taken(1, phone), defence.bans.own]).toEqual([1, 0])
  })

  it('bans who is challenged and never answers, but nobody who does: a challenge is half of each registration', () => {
    const { banned, refuse } = setUp()
    const good = at('192.0.2.2')

    for (let n = 0; n < 5000; n++) {
      refuse(1, good, message(), 401)
      refuse(1, good, proving, 200)
    }
    expect(banned).toEqual([])
    refuse(1001, phone, message(), 401)

    expect(banned).toEqual(['requests without credentials'])
  })

  it('takes what a carrier refuses to a phone that has authenticated for no offence of its office', () => {
    const { banned, taken, refuse } = setUp()
    const call = message('INVITE', ['Authorization: Digest username="1001"'])

    refuse(100, phone, call, 403)
    refuse(100, at('192.0.2.2'), message('INVITE'), 403)
    refuse(100, at('192.0.2.3'), proving, 403)

    expect(taken(1, phone)).toBe(1)
    expect(banned).toEqual(['refused requests', 'refused requests'])
  })

  it('bans who sends without end what belongs to no dialog, but not who ends one that is gone now and then', () => {
    const { banned, taken, refuse } = setUp()
    const bye = message('BYE', [], 'theirs')

    refuse(900, phone, bye, 481)
    refuse(2000, phone, bye, 200)
    const before = taken(1, phone)
    refuse(200, phone, bye, 481)

    expect([before, taken(1, phone, bye)]).toEqual([1, 0])
    expect(banned).toEqual(['requests of no dialog'])
  })

  it('takes an old nonce for no guess (RFC 7616 §3.3: stale)', () => {
    const { banned, refuse } = setUp()

    refuse(100, phone, proving, 401, [['WWW-Authenticate', 'Digest realm="r", nonce="n", stale=true']])

    expect(banned).toEqual([])
  })

  it('slows down an address from which somebody has proved himself, instead of banning it', async () => {
    const { world, banned, taken, refuse } = setUp()
    refuse(1, phone, proving, 200)

    refuse(60, phone, proving, 401)

    expect(banned).toEqual([])
    expect(taken(5, phone)).toBe(0)
    await world.run(1000)
    // As many as failures come back: ten a second.
    expect(taken(20, phone)).toBe(10)
    expect(taken(5, phone, message('BYE', [], 'theirs'))).toBe(5)
  })

  it('hears who repeats what only his address was told, however much is forged in its name', () => {
    const { taken, refuse, answering } = setUp()
    const good = answering(phone)
    refuse(1, phone, good, 200)

    refuse(2000, phone, proving, 401)
    taken(5000, phone)

    expect(taken(100, phone)).toBe(0)
    expect(taken(100, phone, good)).toBe(100)
    expect(taken(1, phone, message('REGISTER', ['Authorization: Digest opaque="bm9ib2R5AAAAAAAAAAAA"']))).toBe(0)
  })

  it('hears who repeats what only his address was told, and responses, though what was forged has had it banned', () => {
    const { defence, banned, routes, taken, answering } = setUp()
    const good = answering(phone)
    const flow = writeFlow({ proxy: 'proxy1', run: '1', hop: phone, aor: '', binding: '' })
    const fields = [`Route: ${routes.write('sip:10.0.0.1', { node: 'node1', flow })}`]

    for (let n = 0; n < 201; n++) defence.unreadable(phone)

    expect(banned).toEqual(['malformed messages'])
    expect(taken(10, phone)).toBe(0)
    expect(taken(10, phone, message('BYE', [], 'theirs'))).toBe(0)
    expect(taken(10, phone, message('REGISTER', ['Authorization: Digest opaque="bm9ib2R5AAAAAAAAAAAA"']))).toBe(0)
    expect(taken(10, phone, good)).toBe(10)
    expect(taken(10, phone, message('BYE', fields, 'theirs'))).toBe(10)
    expect(taken(10, phone, buildResponse(message('INVITE'), 200))).toBe(10)
  })

  it('takes nothing that was told to another address, nor what is older than a day, for a proof', async () => {
    const { world, taken, answering } = setUp({ requests: { perSecond: 0.0001, burst: 1 } })
    const theirs = answering(at('192.0.2.2'))
    const old = answering(phone)
    taken(2, phone)

    expect(taken(1, phone, theirs)).toBe(0)
    await world.run(2 * 86_400_000)
    taken(20, phone)
    expect(taken(1, phone, old)).toBe(0)
    expect(taken(1, phone, answering(phone))).toBe(1)
  })

  it('hears a dialog by the flow in its Route, however much is forged in the name of its endpoint', () => {
    const { routes, taken } = setUp({ inDialog: { perSecond: 1, burst: 10 } })
    const flow = writeFlow({ proxy: 'proxy1', run: '1', hop: phone, aor: '', binding: '' })
    const bye = (value: string) => message('BYE', [`Route: ${value}`], 'theirs')
    const own = routes.write('sip:10.0.0.1', { node: 'node1', flow })

    expect(taken(100, phone, message('BYE', [], 'theirs'))).toBe(10)

    expect(taken(1, phone, bye(own))).toBe(1)
    expect(taken(1, phone, bye(own.replace('flow=', 'flow=x')))).toBe(0)
    expect(taken(1, phone, bye(routes.write('sip:10.0.0.1', { node: 'node1' })))).toBe(0)
    expect(taken(1, phone, bye('<sip:10.0.0.1'))).toBe(0)
  })

  it('counts wrong passwords for who shows that he has heard the challenge, and bans him', () => {
    const { banned, taken, refuse, answering } = setUp()
    const guess = answering(phone)
    refuse(60, phone, guess, 401)

    expect(banned).toEqual(['wrong credentials'])
    expect(taken(1, phone)).toBe(1)
    for (let n = 0; n < 2000; n++) taken(1, phone)
    expect(taken(1, phone, guess)).toBe(0)
  })

  it('holds nothing that came by datagram against connections of that address, nor the other way round', () => {
    const { banned, taken, refuse } = setUp()
    const stream: Hop = { ...phone, protocol: 'TCP', connection: 7 }
    refuse(60, phone, proving, 401)
    expect([taken(1, phone), taken(1, stream)]).toEqual([0, 1])

    refuse(60, stream, proving, 401)

    expect(taken(1, stream)).toBe(0)
    expect(banned).toEqual(['wrong credentials', 'wrong credentials'])
  })

  it('gives all who have not authenticated one rate together, of which the others take nothing', () => {
    const { ignored, taken, refuse } = setUp({ strangers: { perSecond: 1, burst: 10 } })
    refuse(1, phone, proving, 200)

    const forged = Array.from({ length: 100 }, (_, n) => taken(1, at(`198.51.100.${n}`)))

    expect(forged.filter((one) => one === 1)).toHaveLength(10)
    expect(new Set(ignored)).toEqual(new Set(['strangers']))
    expect(taken(100, phone)).toBe(100)
  })

  it('takes as many connections of one source as new requests, and bans whose handshakes fail, but limits no trunk', () => {
    const { defence, banned, taken, refuse } = setUp({ requests: { perSecond: 1, burst: 10 } })
    const stream: Hop = { ...phone, protocol: 'TLS' }
    const opened = (from: Hop) => Array.from({ length: 20 }, () => defence.connects(from)).filter(Boolean).length

    expect([opened(stream), opened({ ...stream, host: '10.9.3.4' })]).toEqual([10, 20])
    expect(taken(20, { ...stream, connection: 7 })).toBe(10)

    const office = { ...stream, host: '192.0.2.9' }
    refuse(1, office, proving, 200)
    for (const host of [phone.host, office.host, '10.9.3.4'])
      for (let n = 0; n < 2000; n++) defence.failedHandshake({ ...stream, host })
    expect(banned).toEqual(['failed handshakes'])
    expect([opened({ ...stream, host: '10.9.3.4' }), taken(20, office)]).toEqual([20, 10])
  })

  it('hears no scanner', () => {
    const { ignored, taken } = setUp({ scanners: ['friendly-scanner'] })

    expect(taken(1, phone, message('OPTIONS', ['User-Agent: Friendly-Scanner/2']))).toBe(0)
    expect(taken(1, phone, message('OPTIONS', ['User-Agent: a phone']))).toBe(1)
    expect(ignored).toEqual(['scanner'])
  })

  it('counts what cannot be read, and answers it no more than anything else of strangers', () => {
    const { defence, banned } = setUp({ strangers: { perSecond: 1, burst: 20 } })

    const answered = Array.from({ length: 201 }, () => defence.unreadable(phone)).filter(Boolean)

    expect(answered).toHaveLength(20)
    expect(banned).toEqual(['malformed messages'])
  })

  it('believes no UDP address until somebody there has answered a challenge', () => {
    const { defence, refuse } = setUp()

    expect(defence.mayBeForged(phone)).toBe(true)
    expect(defence.mayBeForged({ ...phone, protocol: 'TCP', connection: 1 })).toBe(false)
    refuse(1, phone, proving, 200)
    expect(defence.mayBeForged(phone)).toBe(false)
  })

  it.each(['REGISTER', 'INVITE', 'SUBSCRIBE'])(
    'takes an answer to %s for a proof: nodes ask who sends it',
    (method) => {
      const { defence, refuse } = setUp()

      refuse(1, phone, message(method, ['Authorization: Digest username="1001"']), 200)

      expect(defence.mayBeForged(phone)).toBe(false)
    },
  )

  it.each(['OPTIONS', 'MESSAGE', 'NOTIFY'])('takes no answer to %s for one, whatever credentials it had', (method) => {
    const { defence, banned, refuse } = setUp()

    refuse(1, phone, message(method, ['Authorization: Digest x']), 200)

    expect(defence.mayBeForged(phone)).toBe(true)
    refuse(60, phone, proving, 401)
    expect(banned).toEqual(['wrong credentials'])
  })
})

describe('sources', () => {
  const rate = { perSecond: 1, burst: 1 }
  const rates = { requests: rate, inDialog: rate, failures: rate, strangers: rate }

  it('are never more than so many, and those that matter are forgotten last', () => {
    const sources = new Sources(rates, 10, 0)
    const banned = sources.of('192.0.2.1', 0)
    banned.bannedUntil = 1000
    const verified = sources.of('192.0.2.2', 0)
    verified.verifiedUntil = 1000

    for (let n = 0; n < 1000; n++) sources.of(`198.51.${n >> 8}.${n & 255}`, 0)

    expect(sources.size).toBeLessThanOrEqual(10)
    expect(sources.of('192.0.2.1', 0)).toBe(banned)
    expect(sources.of('192.0.2.2', 0)).toBe(verified)
  })

  it('that still send are not forgotten: whoever forges addresses beside his own would have his limits anew', () => {
    const sources = new Sources(rates, 10, 0)
    const sender = sources.of('192.0.2.1', 0)

    for (let n = 0; n < 1000; n++) {
      sources.of(`198.51.${n >> 8}.${n & 255}`, 0)
      expect(sources.of('192.0.2.1', 0)).toBe(sender)
    }
  })
})
