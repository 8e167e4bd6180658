/** What every store of events and interactions must do. */
import { describe, expect, it } from 'vitest'
import { timestamp } from '#platform/time.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { CallEvent, OwnerEvent } from '#protocols/tlib/events.ts'
import type { Batch, CallRow, InteractionStore } from './store.ts'

const day = 1_767_225_600_000
const at = (seconds: number) => timestamp(day + 1000 * seconds)

const event = (callUUID: string, eventNo: number, more: object = {}): CallEvent =>
  ({
    name: 'EventRinging',
    callUUID,
    eventNo,
    connID: '0001000100000001',
    callType: 'Inbound',
    thisDN: '1001',
    thisDNRole: 'Destination',
    time: at(eventNo),
    ...more,
  }) as CallEvent
const row = (
  callUUID: string,
  eventNo: number,
  position: number,
  more: object = {},
  interaction = callUUID,
): CallRow => ({
  event: event(callUUID, eventNo, more),
  interaction,
  position,
})
const ready = (eventNo: number, more: object = {}): OwnerEvent =>
  ({
    name: 'EventAgentReady',
    thisDN: '1001',
    agentID: '1001',
    ownerEpoch: 65537,
    eventNo,
    time: at(eventNo),
    ...more,
  }) as OwnerEvent

const interaction = (callUUID: string, second: number, more: Partial<Interaction> = {}): Interaction => ({
  callUUID,
  connID: '0001000100000001',
  ani: '+442079460018',
  dnis: '8010',
  startedAt: at(second),
  endedAt: at(second + 60),
  ending: { by: 'agent', cause: 'hangup' },
  parties: [
    { dn: '+442079460018', role: 'caller', joinedAt: at(second), leftAt: at(second + 60) },
    { dn: '1001', role: 'agent', agentId: '1001', joinedAt: at(second + 10), leftAt: at(second + 60) },
  ],
  segments: [{ kind: 'talk', agentId: '1001', startedAt: at(second), endedAt: at(second + 60) }],
  userData: { tier: 'gold' },
  ...more,
})
const batch = (more: Partial<Batch>): Batch => ({
  reader: 'reporting',
  node: 'node1.dc1',
  position: 1,
  calls: [],
  owners: [],
  interactions: [],
  wrapUps: [],
  wrapUpEnds: [],
  ...more,
})
const wrapUp = (callUUID: string, second: number) => ({
  callUUID,
  agentId: '1001',
  startedAt: at(second),
  endedAt: null,
  ownerEpoch: 65537,
  eventNo: second,
})

/** `open` gives a store with nothing in it. */
export function interactionStoreConformance(name: string, open: () => Promise<InteractionStore>): void {
  describe(`interaction store ${name}`, () => {
    it('remembers where each reader stopped at each node', async () => {
      const store = await open()

      await store.put(batch({ position: 7 }))
      await store.put(batch({ node: 'node2.dc2', position: 3 }))

      expect(await store.position('reporting', 'node1.dc1')).toBe(7)
      expect(await store.position('reporting', 'node2.dc2')).toBe(3)
      expect(await store.position('other', 'node1.dc1')).toBeUndefined()
    })

    it('keeps each event once, and gives those of an interaction back in the order in which they came', async () => {
      const store = await open()

      await store.put(
        batch({ calls: [row('a', 1, 1), row('b', 1, 2), row('a', 2, 3, { userData: { 'it’s': null } })] }),
      )
      const again = await store.put(
        batch({ calls: [row('a', 2, 3, { userData: { 'it’s': null } }), row('c', 1, 4, {}, 'a'), row('a', 3, 5)] }),
      )

      expect(again).toEqual([])
      const about = [event('a', 1), event('a', 2, { userData: { 'it’s': null } }), event('c', 1), event('a', 3)]
      expect(await store.eventsAbout('a')).toEqual(about)
      expect(await store.eventsAbout('c')).toEqual(about)
      expect(await store.eventsAbout('nobody')).toEqual([])
    })

    it('says when an event is there already with another body, and leaves it as it was', async () => {
      const store = await open()
      await store.put(batch({ calls: [row('a', 1, 1)], owners: [{ event: ready(1), position: 2 }] }))

      const conflicts = await store.put(
        batch({
          calls: [row('a', 1, 1, { otherDN: '1002' }), row('a', 2, 3)],
          owners: [
            { event: ready(1, { extensions: { x: 1 } }), position: 2 },
            { event: ready(2), position: 4 },
          ],
        }),
      )

      expect(conflicts).toEqual([
        { key: 'a/1', stored: event('a', 1), refused: event('a', 1, { otherDN: '1002' }) },
        { key: '1001/65537/1', stored: ready(1), refused: ready(1, { extensions: { x: 1 } }) },
      ])
      expect(await store.eventsAbout('a')).toEqual([event('a', 1), event('a', 2)])
    })

    it('finds the same key with another body inside one batch too', async () => {
      const store = await open()

      const conflicts = await store.put(batch({ calls: [row('a', 1, 1), row('a', 1, 2, { otherDN: '1002' })] }))

      expect(conflicts.map(({ key }) => key)).toEqual(['a/1'])
      expect(await store.eventsAbout('a')).toEqual([event('a', 1)])
    })

    it('gives back an interaction as it was stored last', async () => {
      const store = await open()

      await store.put(batch({ interactions: [interaction('a', 1), interaction('b', 2)] }))
      await store.put(batch({ interactions: [interaction('a', 1, { ending: null, missingEvents: 2 })] }))

      expect(await store.get('a')).toEqual(interaction('a', 1, { ending: null, missingEvents: 2 }))
      expect(await store.get('b')).toEqual(interaction('b', 2))
      expect(await store.get('c')).toBeUndefined()
    })

    it('lists the newest first, page by page, each once', async () => {
      const store = await open()
      const names = ['a', 'b', 'c', 'd', 'e']
      // Two begin in the same millisecond: the callUUID decides.
      const interactions = names.map((each, index) => interaction(each, Math.min(index, 3)))
      await store.put(batch({ interactions }))

      const pages: string[][] = []
      for (let cursor: string | undefined; pages.length < 5; ) {
        const page = await store.list({ limit: 2, ...(cursor && { cursor }) })
        pages.push(page.items.map(({ callUUID }) => callUUID))
        cursor = page.cursor
        if (!cursor) break
      }

      expect(pages).toEqual([['e', 'd'], ['c', 'b'], ['a']])
    })

    it('lists by time, caller, number and agent', async () => {
      const store = await open()
      const by = (agentId: string) => [{ dn: agentId, role: 'agent', agentId, joinedAt: at(0), leftAt: null }]
      await store.put(
        batch({
          interactions: [
            interaction('a', 1, { ani: '+1', parties: by('1001') }),
            interaction('b', 2, { dnis: '8000', parties: [...by('1001'), ...by('1002'), ...by('1001')] }),
            interaction('c', 3, { parties: by('1002') }),
          ],
        }),
      )
      const found = async (filter: object) =>
        (await store.list({ limit: 10, ...filter })).items.map(({ callUUID }) => callUUID)

      expect(await found({ from: at(2) })).toEqual(['c', 'b'])
      expect(await found({ to: at(2) })).toEqual(['a'])
      expect(await found({ ani: '+1' })).toEqual(['a'])
      expect(await found({ dnis: '8000' })).toEqual(['b'])
      expect(await found({ agent: '1001' })).toEqual(['b', 'a'])
      expect(await found({ agent: '1002', from: at(3), to: at(4) })).toEqual(['c'])
      expect(await found({ agent: "'; drop table interaction; --" })).toEqual([])
    })

    it('treats what is no cursor as none', async () => {
      const store = await open()
      await store.put(batch({ interactions: [interaction('a', 1)] }))

      expect((await store.list({ limit: 10, cursor: 'x' })).items).toHaveLength(1)
    })

    it('adds after-call work to the interaction, whichever is stored first, and ends it once', async () => {
      const store = await open()
      const segments = async () => (await store.get('a'))?.segments.slice(1)

      await store.put(batch({ wrapUps: [wrapUp('a', 61)] }))
      await store.put(batch({ interactions: [interaction('a', 1)] }))
      const open1 = await segments()
      await store.put(
        batch({
          wrapUpEnds: [
            { agentId: '1002', at: at(62) },
            { agentId: '1001', at: at(66) },
          ],
        }),
      )
      await store.put(batch({ wrapUps: [wrapUp('a', 61)], wrapUpEnds: [{ agentId: '1001', at: at(80) }] }))

      const work = { kind: 'wrap-up', agentId: '1001', startedAt: at(61) }
      expect(open1).toEqual([{ ...work, endedAt: null }])
      expect(await segments()).toEqual([{ ...work, endedAt: at(66) }])
      expect((await store.list({ limit: 1 })).items[0]?.segments).toHaveLength(2)
    })

    it('ends each after-call work of a batch by the first end after its begin', async () => {
      const store = await open()

      await store.put(
        batch({
          interactions: [interaction('a', 1), interaction('b', 70)],
          wrapUps: [wrapUp('a', 61), wrapUp('b', 131)],
          wrapUpEnds: [
            { agentId: '1001', at: at(66) },
            { agentId: '1001', at: at(131) },
            { agentId: '1001', at: at(136) },
          ],
        }),
      )

      expect((await store.get('a'))?.segments.at(-1)).toMatchObject({ startedAt: at(61), endedAt: at(66) })
      expect((await store.get('b'))?.segments.at(-1)).toMatchObject({ startedAt: at(131), endedAt: at(136) })
    })

    it('forgets old events and keeps interactions', async () => {
      const store = await open()
      await store.put(
        batch({
          calls: [row('a', 1, 1), row('a', 5, 2)],
          owners: [{ event: ready(2), position: 3 }],
          interactions: [interaction('a', 1)],
        }),
      )

      expect(await store.forgetEvents(at(5))).toBe(2)

      expect(await store.eventsAbout('a')).toEqual([event('a', 5)])
      expect(await store.get('a')).toBeDefined()
    })

    it('takes whatever text a caller sends', async () => {
      const store = await open()
      const strange = 'a\u0000b\ud800c"\\\u2028'

      await store.put(
        batch({
          calls: [row('a', 1, 1, { ani: strange, userData: { [strange]: strange } })],
          interactions: [interaction('a', 1, { ani: strange, userData: { name: strange } })],
        }),
      )

      expect(await store.eventsAbout('a')).toHaveLength(1)
      expect((await store.get('a'))?.ani).toMatch(/^a.*b.*c"\\\u2028$/)
    })
  })
}
