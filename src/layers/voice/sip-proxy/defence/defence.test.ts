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
import { Config } from '../config.ts'
import { Defence } from './defence.ts'
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
  const whole = Value.Parse(Config.properties.defence, Value.Default(Config.properties.defence, config))
  const defence = new Defence({
    clock,
    log,
    config: whole,
    isTrunk: ({ host }) => trunks.has(host),
    ignored: (why) => ignored.push(why),
    banned: (because) => banned.push(because),
  })
  /** How many of so many such messages are taken. */
  const taken = (count: number, from: Hop, made = message()): number =>
    Array.from({ length: count }, () => defence.admits(from) && defence.takes(made, from)).filter(Boolean).length
  const refuse = (
    count: number,
    from: Hop,
    request: Message,
    status: number,
    fields: readonly [string, string][] = [],
  ) => {
    for (let n = 0; n < count; n++) defence.answered(request, from, buildResponse(request, status, { fields }))
  }
  return { world, trunks, defence, ignored, banned, logged, taken, refuse }
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

  it('limits neither what is in a dialog nor what belongs to a request that was taken', () => {
    const { taken } = setUp({ requests: { perSecond: 1, burst: 1 } })

    expect(taken(1, phone, message('INVITE'))).toBe(1)
    for (const method of ['ACK', 'CANCEL']) expect(taken(5, phone, message(method))).toBe(5)
    expect(taken(5, phone, message('BYE', [], 'theirs'))).toBe(5)
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

    expect([before, taken(1, phone), taken(1, at('192.0.2.2')), defence.bans]).toEqual([1, 0, 1, 1])
    expect(ignored).toEqual(['banned'])
    expect(banned).toEqual(['wrong credentials'])
    expect(logged).toEqual([{ source: '192.0.2.1', seconds: 60, because: 'wrong credentials' }])
    await world.run(60_000)
    expect([taken(1, phone), defence.bans]).toEqual([1, 0])
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

  it('gives all who have not authenticated one rate together, of which the others take nothing', () => {
    const { ignored, taken, refuse } = setUp({ strangers: { perSecond: 1, burst: 10 } })
    refuse(1, phone, proving, 200)

    const forged = Array.from({ length: 100 }, (_, n) => taken(1, at(`198.51.100.${n}`)))

    expect(forged.filter((one) => one === 1)).toHaveLength(10)
    expect(new Set(ignored)).toEqual(new Set(['strangers']))
    expect(taken(100, phone)).toBe(100)
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
})

describe('sources', () => {
  const rate = { perSecond: 1, burst: 1 }

  it('are never more than so many, and those that matter are forgotten last', () => {
    const sources = new Sources({ requests: rate, failures: rate }, 10)
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
    const sources = new Sources({ requests: rate, failures: rate }, 10)
    const sender = sources.of('192.0.2.1', 0)

    for (let n = 0; n < 1000; n++) {
      sources.of(`198.51.${n >> 8}.${n & 255}`, 0)
      expect(sources.of('192.0.2.1', 0)).toBe(sender)
    }
  })
})
