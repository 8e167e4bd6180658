import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { World } from '#simulation/world.ts'
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { type Algorithm, secretOf } from './digest.ts'
import { DigestVerifier } from './digest-verifier.ts'
import { nothing, phone, remains } from './phones.fixture.ts'
import { Registration } from './registration.ts'

const contact = '<sip:1011@127.0.0.1:5060>'
const secret = (password: string) => (algorithm: Algorithm) => secretOf('1011', 'ringmain', password, algorithm)

/** A registrar that knows the password `demo` and grants 30 s. */
async function registrarAt(world: World, host: string, grant: (request: Message) => [number, Fields] = granted) {
  const registrar = await phone(world, host, host, { options: { methods: ['REGISTER'] } })
  const wall = () => Math.floor(world.now)
  const digest = new DigestVerifier({ realm: 'ringmain', issuer: 'r', key: Buffer.alloc(32), wall })
  const seen: { at: number; expires: string | undefined; ok: boolean }[] = []
  registrar.agent.onRequest((request, respond) => {
    const verdict = digest.verify(request, () => secret('demo')('MD5'))
    seen.push({ at: world.now, expires: request.header('Expires'), ok: verdict.ok })
    if (!verdict.ok) {
      respond(verdict.status, verdict.reason, verdict.fields)
      return
    }
    const [status, fields] = grant(request)
    respond(status, undefined, fields)
  })
  return { registrar, seen }
}
const granting = (...contacts: string[]): [number, Fields] => [200, contacts.map((value) => ['Contact', value])]
const granted = () => granting(`${contact};expires=30`)
/** ms between those that were taken. */
const gapsOf = (seen: readonly { readonly at: number; readonly ok: boolean }[]): number[] => {
  const times = seen.filter(({ ok }) => ok).map(({ at }) => at)
  return times.slice(1).map((time, index) => time - (times[index] ?? 0))
}

async function robot(world: World, hosts: readonly string[], password = 'demo', name = 'robot', host = '127.0.0.1') {
  const { agent, ...rest } = await phone(world, name, host)
  const changes: boolean[] = []
  const registration = new Registration({
    userAgent: agent,
    runtime: world.host(name),
    log: silentLog,
    addressOfRecord: '<sip:1011@ringmain>',
    registrar: 'sip:ringmain',
    contact,
    proxies: hosts.map((host) => `<sip:${host}:5060;lr>`),
    identity: { username: '1011', realm: 'ringmain', secretOf: secret(password) },
    changed: (registered) => changes.push(registered),
  })
  return { robot: { agent, ...rest }, registration, changes }
}

describe('a registration', () => {
  it('answers the challenge and is refreshed before it runs out (RFC 3261 §10.2.4, §22.2)', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2')
    const { registration, changes } = await robot(world, ['127.0.0.2'])

    registration.start()
    await world.run(90_000)
    const gaps = gapsOf(seen)

    expect(changes).toEqual([true])
    expect(seen.slice(0, 2).map(({ ok }) => ok)).toEqual([false, true])
    expect(gaps.length).toBeGreaterThan(2)
    for (const gap of gaps) expect(gap > 17_900 && gap < 21_100).toBe(true)
  })

  it.each([
    ['', ['<sip:1011@203.0.113.7:34567>;expires=30'], 18_000, 21_000],
    [', least where others are bound', ['<sip:1@1.1.1.1>;expires=900', '<sip:2@1.1.1.2>;expires=30'], 18_000, 21_000],
    [', but no less than 10 s where they have little left', ['<sip:1@1.1.1.1>;expires=2'], 6_000, 7_000],
  ])(
    'is refreshed by the lifetime of a Contact that its registrar has rewritten%s',
    async (_more, bound, least, most) => {
      const world = new World()
      const { seen } = await registrarAt(world, '127.0.0.2', () => granting(...bound))
      const { registration } = await robot(world, ['127.0.0.2'])

      registration.start()
      await world.run(90_000)

      const gaps = gapsOf(seen)
      expect(gaps.length).toBeGreaterThan(2)
      for (const gap of gaps) expect(gap > least - 100 && gap < most + 100).toBe(true)
    },
  )

  it('is renewed within a second when its connection has gone, two minutes later when that has gone, too (RFC 5626 §4.5)', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2', () => granting(`${contact};expires=600`))
    const { registration } = await robot(world, ['127.0.0.2'])
    registration.start()
    await world.run(1_000)

    registration.renew()
    await world.run(1_100)
    registration.renew()
    registration.renew()
    await world.run(123_000)

    const [first = 0, second = 0, ...more] = gapsOf(seen)
    expect(first).toBeLessThan(2_100)
    expect(second > 119_000 && second < 121_100).toBe(true)
    expect(more).toEqual([])
  })

  it('is not renewed later than it would be refreshed', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2', () => granting(`${contact};expires=100`))
    const { registration } = await robot(world, ['127.0.0.2'])
    registration.start()
    await world.run(1_000)

    registration.renew()
    await world.run(1_100)
    registration.renew()
    await world.run(72_000)

    expect(gapsOf(seen)).toHaveLength(2)
  })

  it('is removed at the end, and leaves nothing behind (§10.2.2)', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2')
    const { registration, changes, robot: phone } = await robot(world, ['127.0.0.2'])
    registration.start()
    await world.run(1_000)

    await world.complete(registration.stop())
    await world.run(120_000)

    expect(seen.at(-1)).toMatchObject({ expires: '0', ok: true })
    expect(seen).toHaveLength(4)
    expect(changes).toEqual([true, false])
    expect(remains(phone)).toEqual([nothing])
  })

  it('is removed at the end, too, where its first request or a refresh has no answer yet', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2')
    const { registration } = await robot(world, ['127.0.0.2'])
    registration.start()
    await world.run(1_000)
    world.links.partition(['robot'], ['127.0.0.2'])
    await world.run(30_000)
    world.links.heal(['robot'], ['127.0.0.2'])
    const young = await robot(world, ['127.0.0.2'], 'demo', 'young', '127.0.0.9')
    young.registration.start()

    const stopped = Promise.all([registration.stop(), young.registration.stop()])
    await world.complete(stopped)

    expect(seen.filter(({ expires, ok }) => ok && expires === '0')).toHaveLength(2)
  })

  it('is not removed where the registrar wants none', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2')
    const { registration } = await robot(world, ['127.0.0.2'], 'wrong')
    registration.start()
    await world.run(500)

    await world.complete(registration.stop())

    expect(seen.map(({ expires }) => expires)).toEqual(['3600', '3600'])
  })

  it('asks for the lifetime the registrar wants at least (§10.2.8)', async () => {
    const world = new World()
    const strict = (request: Message): [number, Fields] =>
      Number(request.header('Expires')) < 7200 ? [423, [['Min-Expires', '7200']]] : granted()
    const { seen } = await registrarAt(world, '127.0.0.2', strict)
    const { registration, changes } = await robot(world, ['127.0.0.2'])

    registration.start()
    await world.run(1_000)

    expect(seen.at(-1)).toMatchObject({ expires: '7200', ok: true })
    expect(changes).toEqual([true])
  })

  it('tries the next proxy where one does not answer, and keeps the one that does (RFC 5626 §4.5)', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.3')
    const { registration, changes } = await robot(world, ['127.0.0.2', '127.0.0.3'])

    registration.start()
    await world.run(60_000)

    expect(changes).toEqual([true])
    expect(seen[0]?.at).toBeLessThan(6_500)
    expect(seen.length).toBeGreaterThan(4)
  })

  it('waits longer and longer where it is refused, and never uses its password twice for one nonce (§22.2)', async () => {
    const world = new World()
    const { seen } = await registrarAt(world, '127.0.0.2')
    const { registration } = await robot(world, ['127.0.0.2'], 'wrong')

    registration.start()
    await world.run(300_000)

    expect(registration.registered).toBe(false)
    // Two requests a try: 1, 2, 4, 8, 16, 30, 30, … seconds, each wait between its half and its whole.
    expect(seen.length).toBeGreaterThan(20)
    expect(seen.length).toBeLessThan(50)
  })

  it('says that it is lost when nobody answers any more, and comes back', async () => {
    const world = new World()
    await registrarAt(world, '127.0.0.2')
    const { registration, changes } = await robot(world, ['127.0.0.2'])
    registration.start()
    await world.run(1_000)

    world.links.partition(['robot'], ['127.0.0.2'])
    await world.run(60_000)
    world.links.heal(['robot'], ['127.0.0.2'])
    await world.run(40_000)

    expect(changes).toEqual([true, false, true])
  })
})
