import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { type Log, silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { timestamp } from '#platform/time.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { World } from '#simulation/world.ts'
import { type Reporting, reporting } from './component.ts'
import { memoryStore } from './model/memory-store.ts'
import type { Batch, InteractionStore } from './model/store.ts'
import { records } from './records.ts'
import { type StandInNode, standInNode } from './stand-in-node.fixture.ts'

const begin = 1_767_225_600_000
/** A direct call of 1001 to 1002 that was answered, as a node tells it. */
function callOf(number: number): Event[] {
  const id = { callUUID: `call-${number}`, connID: number.toString(16).padStart(16, '0'), callType: 'Internal' }
  const party = (dn: string) => ({ thisDN: dn, partyUUID: `${number}-${dn}` })
  const bodies = [
    { name: 'EventCallCreated', ani: '1001', dnis: '1002' },
    { name: 'EventCallPartyAdded', ...party('1001'), role: 'Origination', partyState: 'Dialing' },
    { name: 'EventCallPartyAdded', ...party('1002'), role: 'Destination', partyState: 'Alerting', agentID: '1002' },
    { name: 'EventCallPartyState', ...party('1001'), partyState: 'Connected' },
    { name: 'EventCallPartyState', ...party('1002'), partyState: 'Connected' },
    { name: 'EventCallPartyDeleted', ...party('1001') },
    { name: 'EventCallPartyDeleted', ...party('1002') },
    { name: 'EventCallDeleted', extensions: { Ending: { by: 'customer', cause: 'hangup' } } },
  ]
  return bodies.map(
    (body, index) =>
      ({
        ...body,
        ...id,
        eventNo: index + 1,
        cSeq: index + 1,
        time: timestamp(begin + 1000 * (number + index)),
      }) as Event,
  )
}
const agent = (name: string, eventNo: number, seconds: number, more: object = {}): Event =>
  ({
    name,
    thisDN: '1002',
    agentID: '1002',
    ownerEpoch: 65538,
    eventNo,
    time: timestamp(begin + 1000 * seconds),
    ...more,
  }) as Event

/** A store that takes its time, and fails while it shall. */
function slowStore(
  world: World,
  { ms = 5, fails = () => false }: { ms?: number; fails?: () => boolean } = {},
): InteractionStore & { readonly stored: Batch[] } {
  const store = memoryStore()
  const stored: Batch[] = []
  const database = world.host('database').clock
  const wait = () => new Promise<void>((resolve) => database.after(ms, resolve))
  return {
    ...store,
    stored,
    async put(batch) {
      await wait()
      if (fails()) throw new Error('no space left')
      stored.push(batch)
      const conflicts = await store.put(batch)
      await wait()
      return conflicts
    },
  }
}

describe('reporting', () => {
  let world: World
  let coordination: InProcessCoordination
  let node: StandInNode
  let said: string[]
  const log: Log = {
    ...silentLog,
    with: () => log,
    warn: (_, text) => said.push(`warn: ${text}`),
    error: (_, text) => said.push(`error: ${text}`),
  }

  beforeEach(async () => {
    world = new World(3)
    coordination = new InProcessCoordination()
    said = []
    node = await nodeOf('dc1', 'node1.dc1', '127.0.0.1')
  })

  const nodeOf = (dc: string, name: string, host: string) =>
    world.complete(standInNode(world.host(name), coordination.member(world.host(name).clock), host, [dc, name]))
  const start = (store: InteractionStore, dc = 'dc1'): Promise<Reporting> => {
    const runtime = world.host(`reporting.${dc}`)
    const config = { dc, name: 'reporting', pool: 'reporting', eventDays: 3 }
    const context = { runtime, coordination: coordination.member(runtime.clock), config, log, metrics: noMetrics }
    return world.complete(reporting({ records: records(store) }).start(context))
  }
  const listed = async ({ history }: Reporting) =>
    (await history.list({ limit: 500 })).items.map(({ callUUID }) => callUUID)

  it('tells a call once it has ended, and acknowledges what is committed', async () => {
    const store = slowStore(world)
    const running = await start(store)

    node.tell(callOf(1).slice(0, 5))
    await world.run(400)
    const live = await listed(running)
    node.tell(callOf(1).slice(5))
    await world.run(208)
    const committing = { stored: store.stored.length, acknowledged: node.acknowledged }
    await world.run(200)

    expect(live).toEqual([])
    expect(committing).toEqual({ stored: 2, acknowledged: 6 })
    expect(node.acknowledged).toBe(9)
    // An acknowledgement is answered, and the answer is not an event to store.
    expect(store.stored).toHaveLength(2)
    expect(await running.history.get('call-1')).toMatchObject({
      connID: '0000000000000001',
      ending: { by: 'customer', cause: 'hangup' },
      segments: [
        { kind: 'ringing', agentId: '1002' },
        { kind: 'talk', agentId: '1002' },
      ],
    })
    expect(running.health()).toEqual({ status: 'ok', reasons: [] })
  })

  it('stores 1000 rows at once, or what came in 200 ms', async () => {
    const store = slowStore(world)
    await start(store)
    await world.run(200)

    for (let number = 1; number <= 130; number++) node.tell(callOf(number))
    await world.run(20)
    const first = store.stored.length
    await world.run(1000)

    expect(first).toBeGreaterThan(0)
    expect(store.stored.reduce((sum, batch) => sum + batch.calls.length, 0)).toBe(1040)
    expect(store.stored.length).toBeLessThan(5)
  })

  it('goes on when a commit takes longer than a batch gathers', async () => {
    const running = await start(slowStore(world, { ms: 100 }))
    await world.run(200)

    node.tell(callOf(1).slice(0, 4))
    await world.run(220)
    node.tell(callOf(1).slice(4))
    await world.run(2000)
    node.tell(callOf(2))
    await world.run(2000)

    expect(await listed(running)).toEqual(['call-2', 'call-1'])
    expect(node.acknowledged).toBe(17)
  })

  it('goes on where it stopped, and a call that was live meanwhile has all it had before', async () => {
    const store = slowStore(world)
    await start(store)
    node.tell(callOf(1).slice(0, 4))
    await world.run(400)
    world.crash('reporting.dc1')
    node.tell(callOf(1).slice(4))

    const again = await start(store)
    await world.run(5000)

    expect(node.registrations).toEqual([undefined, 5])
    expect((await again.history.get('call-1'))?.parties).toHaveLength(2)
    expect(said).toEqual([])
  })

  it('stores each event exactly once, whenever it crashes', async () => {
    const expected = new Map<string, unknown>()
    const undisturbed = slowStore(world)
    await start(undisturbed)
    const calls = Array.from({ length: 12 }, (_, index) => callOf(index + 1))
    const events = Array.from({ length: 8 }, (_, index) => calls.map((call) => call[index] as Event)).flat()
    node.tell(events)
    await world.run(2000)
    for (const call of calls) expected.set(idOf(call), await undisturbed.get(idOf(call)))

    const run = async (crashes: readonly number[], told: readonly number[]) => {
      world = new World(5)
      coordination = new InProcessCoordination()
      said = []
      node = await nodeOf('dc1', 'node1.dc1', '127.0.0.1')
      const store = slowStore(world)
      await start(store)
      let from = 0
      for (const [index, after] of crashes.entries()) {
        const until = Math.min(events.length, from + (told[index] ?? 0))
        node.tell(events.slice(from, until))
        from = until
        await world.run(after)
        world.crash('reporting.dc1', index % 2 === 0 ? 'power' : 'process')
        await start(store)
      }
      node.tell(events.slice(from))
      await world.run(10_000)
      return store
    }

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(60), { maxLength: 4 }),
        async (crashes, told) => {
          const store = await run(crashes, told)

          for (const call of calls) {
            expect(await store.eventsAbout(idOf(call))).toEqual(call)
            expect(await store.get(idOf(call))).toEqual(expected.get(idOf(call)))
          }
          expect(said).toEqual([])
          expect(node.acknowledged).toBe(events.length + 1)
        },
      ),
      // Stored, but not acknowledged when it crashed; and nothing more to store afterwards.
      {
        numRuns: 40,
        examples: [
          [
            [0, 0, 0, 57],
            [19, 16, 5, 56],
          ],
        ],
      },
    )
  })

  it('loses and acknowledges nothing while the database refuses', async () => {
    let fails = true
    const store = slowStore(world, { fails: () => fails })
    const running = await start(store)
    node.tell(callOf(1))
    await world.run(2500)
    const during = { acknowledged: node.acknowledged, health: running.health().status }

    fails = false
    await world.run(2000)

    expect(during).toEqual({ acknowledged: 1, health: 'degraded' })
    expect(await listed(running)).toEqual(['call-1'])
    expect(node.acknowledged).toBe(9)
    expect(said).toContain('error: events cannot be stored yet')
  })

  it('acknowledges nothing beyond what waits, though what a lost client left comes after what follows it', async () => {
    let fails = true
    const acknowledged: number[] = []
    const store = slowStore(world, {
      fails: () => {
        if (!fails) acknowledged.push(node.acknowledged)
        return fails
      },
    })
    const running = await start(store)
    await world.run(200)
    node.tellAnother(callOf(1))
    for (let number = 2; number <= 261; number++) node.tell(callOf(number))
    await world.run(500)
    node.loseAnother()
    await world.run(500)

    fails = false
    await world.run(5000)

    expect(store.stored.map(({ position }) => position)).toEqual([1009, 1, 2089])
    expect(acknowledged).toEqual([1, 1, 1])
    expect(node.acknowledged).toBe(2089)
    expect(await running.history.get('call-1')).toMatchObject({ ending: { cause: 'hangup' } })
  })

  it('raises an alarm when a number is given to two events', async () => {
    const running = await start(slowStore(world))
    node.tell(callOf(1))
    await world.run(400)

    node.tell(callOf(1).map((event) => (event.name === 'EventCallCreated' ? { ...event, ani: '1009' } : event)))
    await world.run(400)

    expect(said).toEqual(['error: an event is stored already with another body'])
    expect(await running.history.get('call-1')).toMatchObject({ ani: '1001' })
  })

  it('marks a call that lacks events', async () => {
    const running = await start(slowStore(world))

    node.tell(callOf(1).filter(({ name }) => name !== 'EventCallPartyState'))
    await world.run(400)

    expect(await running.history.get('call-1')).toMatchObject({ missingEvents: 2 })
  })

  it.each([
    ['while it goes on', 6],
    ['when it has ended', 8],
  ])('completes a call whose missing events come late, %s', async (_, before) => {
    const running = await start(slowStore(world))
    const events = callOf(1)
    const late = (event: Event) => event.name === 'EventCallCreated' || event.name === 'EventCallPartyState'

    node.tell(events.slice(0, before).filter((event) => !late(event)))
    await world.run(400)
    for (const event of events.filter(late).reverse()) {
      node.tell([event])
      await world.run(400)
    }
    node.tell(events.slice(before))
    await world.run(400)

    const undisturbed = records(memoryStore())
    const [positions, next] = [events.map((_, index) => index + 1), events.length + 1]
    await undisturbed.take({ reader: 'r', node: 'n', positions, next, events: Buffer.from(JSON.stringify(events)) })
    const expected = await undisturbed.get('call-1')
    expect(expected).toMatchObject({ segments: [{ kind: 'ringing' }, { kind: 'talk' }] })
    expect(await running.history.get('call-1')).toEqual(expected)
    expect(said).toEqual([])
  })

  it('reads the nodes of its data centre, and joins the after-call work that another one tells of', async () => {
    const other = await nodeOf('dc2', 'node2.dc2', '127.0.0.2')
    const store = slowStore(world)
    const running = await start(store)
    await start(store, 'dc2')

    other.tell([agent('EventAgentNotReady', 1, 8, { workMode: 'AfterCallWork', callUUID: 'call-1' })])
    await world.run(500)
    node.tell(callOf(1))
    await world.run(500)
    other.tell([agent('EventAgentReady', 2, 13)])
    await world.run(500)

    const interaction = await running.history.get('call-1')
    expect(interaction?.segments.at(-1)).toEqual({
      kind: 'wrap-up',
      agentId: '1002',
      startedAt: interaction?.endedAt,
      endedAt: timestamp(begin + 13_000),
    })
    expect([node.registrations.length, other.registrations.length]).toEqual([1, 1])
  })

  it('stores what it has received before it stops, and does not read on', async () => {
    const store = slowStore(world)
    const running = await start(store)
    await world.run(200)
    node.tell(callOf(1))
    await world.run(10)

    await world.complete(running.stop())
    node.tell(callOf(2))
    await world.run(5000)

    expect(await listed(running)).toEqual(['call-1'])
    expect(node.registrations).toHaveLength(1)
  })
})

const idOf = ([first]: Event[]): string => (first as { callUUID: string }).callUUID
