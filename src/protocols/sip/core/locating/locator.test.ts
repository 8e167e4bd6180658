import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { parseURI } from '../../message/headers/uri.ts'
import type { Hop } from '../../transport/transport.ts'
import { Locator } from './locator.ts'

const uri = parseURI('sip:1@carrier.example;transport=udp')
const service = '_sip._udp.carrier.example'
const srv = (target: string, priority: number) => ({ target, priority, weight: 0, port: 5060 })

function setUp() {
  const world = new World()
  const { nameServers } = world
  nameServers.set(service, 'SRV', [srv('a.carrier.example', 10), srv('b.carrier.example', 20)], 100)
  nameServers.set('a.carrier.example', 'A', ['192.0.2.1'], 100)
  nameServers.set('b.carrier.example', 'A', ['192.0.2.2'], 100)
  const locator = new Locator({ runtime: world.host('proxy'), abilities: { protocols: ['UDP'], families: [4] } })
  const look = (of = uri) =>
    world.complete(
      new Promise<{ hosts: string[]; fault: string }>((resolve) =>
        locator.look(of, (hops, fault) => resolve({ hosts: hosts(hops) ?? [], fault })),
      ),
    )
  return { world, nameServers, locator, look, known: () => hosts(locator.known(uri)) }
}

const hosts = (hops: readonly Hop[] | undefined) => hops?.map(({ host }) => host)

describe('the locator', () => {
  it('tells without waiting what it has looked up, in order', async () => {
    const { look, known } = setUp()
    const before = known()

    const found = await look()

    expect(before).toBeUndefined()
    expect(found).toEqual({ hosts: ['192.0.2.1', '192.0.2.2'], fault: '' })
    expect(known()).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  it('finds servers however many of equal priority there are, whichever are drawn first', async () => {
    const { nameServers, look, known } = setUp()
    const names = Array.from({ length: 16 }, (_, index) => `s${index}.carrier.example`)
    nameServers.set(
      service,
      'SRV',
      names.map((name) => ({ ...srv(name, 10), weight: 10 })),
      100,
    )
    for (const [index, name] of names.entries()) nameServers.set(name, 'A', [`192.0.2.${index}`], 100)

    expect((await look()).hosts).toHaveLength(8)
    expect(Array.from({ length: 20 }, () => known()?.length)).toEqual(Array.from({ length: 20 }, () => 8))
  })

  it('asks again when the time to live has passed, and not before', async () => {
    const { world, nameServers, look, known } = setUp()
    await look()
    nameServers.set('a.carrier.example', 'A', ['192.0.2.7'], 100)
    await world.run(99_000)
    const late = known()
    await world.run(2_000)
    const after = known()

    expect([late, after]).toEqual([['192.0.2.1', '192.0.2.2'], undefined])
    expect((await look()).hosts).toEqual(['192.0.2.7', '192.0.2.2'])
  })

  it('keeps no answer for less than a second nor for more than an hour, whatever its time to live', async () => {
    const { world, nameServers, look, known } = setUp()
    for (const ttl of [0, 4_000_000]) nameServers.set(service, 'SRV', [srv('a.carrier.example', ttl)], ttl)
    nameServers.set('a.carrier.example', 'A', ['192.0.2.1'], 4_000_000)
    await look()
    await world.run(3_599_000)
    const within = known()
    await world.run(2_000)

    expect(within).toEqual(['192.0.2.1'])
    expect(known()).toBeUndefined()

    nameServers.set('a.carrier.example', 'A', ['192.0.2.1'], 0)
    await look()
    expect(known()).toEqual(['192.0.2.1'])
    await world.run(1_000)
    expect(known()).toBeUndefined()
  })

  it('remembers for 30 s that there is no such name', async () => {
    const { world, nameServers, locator, look } = setUp()
    const nobody = parseURI('sip:1@nobody.example')

    const found = await look(nobody)
    const asked = nameServers.asked.length
    await world.run(29_000)
    const within = locator.known(nobody)
    await world.run(2_000)

    expect(found).toEqual({ hosts: [], fault: 'the DNS has no address for it' })
    expect(within).toEqual([])
    expect(nameServers.asked).toHaveLength(asked)
    expect(locator.known(nobody)).toBeUndefined()
  })

  it('asks once for all who wait for the same answer', async () => {
    const { world, nameServers, locator } = setUp()
    let told = 0
    for (let asker = 0; asker < 50; asker++) locator.look(uri, () => told++)
    await world.run(100)

    expect(told).toBe(50)
    expect(nameServers.asked).toHaveLength(3)
  })

  it('goes on with what it knew while the name servers fail, for a day', async () => {
    const { world, nameServers, look } = setUp()
    await look()
    nameServers.state = 'failing'
    await world.run(3_600_000)
    const during = await look()
    await world.run(86_400_000)
    const later = await look()

    expect(during.hosts).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(later.hosts).toEqual([])
    expect(later.fault).toContain('cannot look up')
  })

  it('says after a bounded time that the name servers hang, and spares them for 5 s', async () => {
    const { world, nameServers, locator, look } = setUp()
    nameServers.state = 'silent'
    const start = world.now

    const { hosts, fault } = await look()
    const took = world.now - start
    const asked = nameServers.asked.length
    await look()

    expect(hosts).toEqual([])
    expect(fault).toContain('cannot look up SRV of _sip._udp.carrier.example')
    expect(took).toBeLessThanOrEqual(10_000)
    expect(nameServers.asked.length - asked).toBeLessThanOrEqual(1)
    expect(locator.known(uri)).toEqual([])
  })

  it('lets nobody wait twice for a name that is dead: it is asked again beside, and found when it is back', async () => {
    const { world, nameServers, locator, look, known } = setUp()
    nameServers.dead.add(service)
    await look()
    await world.run(20_000)
    const asked = nameServers.asked.length
    const start = world.now

    const beside = known()
    const again = await look()
    expect(beside).toEqual([])
    expect(again.fault).toContain('cannot look up SRV')
    expect(world.now - start).toBeLessThan(10)
    expect(nameServers.asked.length).toBe(asked + 1)

    nameServers.dead.clear()
    await world.run(10_000)
    known()
    await world.run(100)
    expect((await look()).hosts).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(locator.known(uri)).toHaveLength(2)
  })

  it('believes a failure for a minute at most: whoever asks later waits for the answer', async () => {
    const { world, nameServers, look, known } = setUp()
    nameServers.state = 'failing'
    await look()
    nameServers.state = 'answering'
    await world.run(61_000)

    expect(known()).toBeUndefined()
    expect((await look()).hosts).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  it('gives name servers 1.8 s where an old answer is there (RFC 8767 §5), and takes theirs when it comes', async () => {
    const { world, nameServers, look, known } = setUp()
    await look()
    await world.run(101_000)
    nameServers.state = 'silent'
    const start = world.now

    const { hosts } = await look()

    expect(hosts).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(world.now - start).toBeLessThanOrEqual(2 * 1_810)
    expect(known()).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  it('looks up at most 256 names at once: the others are not there for 5 s', async () => {
    const { world, nameServers, locator } = setUp()
    nameServers.state = 'silent'
    let told = 0
    for (let name = 0; name < 300; name++) locator.look(parseURI(`sip:1@h${name}.example:5060`), () => told++)
    await world.run(100)

    expect(nameServers.asked).toHaveLength(256)
    expect(told).toBe(44)
  })

  it('tries a server that failed after all others, for 30 s or as long as it asked', async () => {
    const { world, locator, look, known } = setUp()
    await look()
    const [first] = locator.known(uri) ?? []
    if (first === undefined) throw new Error('nothing is known')

    locator.avoid(first)
    const avoided = known()
    await world.run(30_000)
    const again = known()
    locator.avoid(first, 60)
    await world.run(59_000)

    expect([avoided, again]).toEqual([
      ['192.0.2.2', '192.0.2.1'],
      ['192.0.2.1', '192.0.2.2'],
    ])
    expect(known()).toEqual(['192.0.2.2', '192.0.2.1'])
  })

  it('tells nobody anything once it is closed', async () => {
    const { world, locator } = setUp()
    let told = 0
    locator.look(uri, () => told++)
    locator.close()
    await world.run(20_000)

    expect(told).toBe(0)
  })
})
