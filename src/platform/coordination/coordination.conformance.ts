/** What every adapter of `Coordination` does; each runs this suite. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Coordination } from './coordination.ts'

interface Participant extends Coordination {
  /** As when its process dies. */
  leave(): void | Promise<void>
}

export interface Setting {
  participant(): Participant
  /** Lets happen what is on its way, until `condition` holds. */
  until(condition: () => boolean): Promise<void>
}

export function coordinationConformance(name: string, set: () => Promise<Setting>): void {
  describe(`coordination by ${name}`, () => {
    let setting: Setting
    let one: Participant
    let other: Participant
    beforeEach(async () => {
      setting = await set()
      one = setting.participant()
      other = setting.participant()
    })

    /** All that a watch told, newest last. */
    const watched = (prefix: string): ReadonlyMap<string, string>[] => {
      const told: ReadonlyMap<string, string>[] = []
      other.watch(prefix, (entries) => told.push(new Map(entries)))
      return told
    }
    const last = (told: ReadonlyMap<string, string>[]): Record<string, string> =>
      Object.fromEntries([...(told.at(-1) ?? [])].sort())

    it('tells a new watch what is there already, and only what is under its prefix', async () => {
      await one.announce('sip-proxy/dc1/proxy1', 'a')
      await one.announce('sip-server/dc1/node1', 'b')

      const told = watched('sip-proxy/dc1/')
      await setting.until(() => told.length > 0)

      expect(last(told)).toEqual({ 'sip-proxy/dc1/proxy1': 'a' })
    })

    it('tells a watch of nothing that there is nothing', async () => {
      const told = watched('nobody/')
      await setting.until(() => told.length > 0)

      expect(last(told)).toEqual({})
    })

    it('tells every change: announced, replaced, withdrawn', async () => {
      const told = watched('proxy/')
      const first = await one.announce('proxy/1', 'a')
      await setting.until(() => last(told)['proxy/1'] === 'a')
      const second = await one.announce('proxy/1', 'b')
      await setting.until(() => last(told)['proxy/1'] === 'b')

      await first.withdraw()
      await one.announce('proxy/2', 'c')
      await setting.until(() => last(told)['proxy/2'] === 'c')
      const replaced = last(told)['proxy/1']
      await second.withdraw()
      await second.withdraw()
      await setting.until(() => !('proxy/1' in last(told)))

      expect(replaced).toBe('b')
      expect(last(told)).toEqual({ 'proxy/2': 'c' })
    })

    it('tells nothing after the watch was cancelled', async () => {
      let told = 0
      const watch = other.watch('proxy/', () => told++)
      await setting.until(() => told > 0)
      watch.cancel()
      const before = told
      const seen = watched('proxy/')

      await one.announce('proxy/1', 'a')
      await setting.until(() => last(seen)['proxy/1'] === 'a')

      expect(told).toBe(before)
    })

    it('withdraws what a participant announced when it is gone', async () => {
      const told = watched('proxy/')
      await one.announce('proxy/1', 'a')
      await other.announce('proxy/2', 'b')
      await setting.until(() => told.at(-1)?.size === 2)

      await one.leave()
      await setting.until(() => told.at(-1)?.size === 1)

      expect(last(told)).toEqual({ 'proxy/2': 'b' })
    })

    it('writes only where the revision is still the one that was read', async () => {
      const first = await one.compareAndSet('role/node1', 0, 'epoch 1')
      const late = await other.compareAndSet('role/node1', 0, 'epoch 1 of the other')
      const second = await other.compareAndSet('role/node1', first.entry?.revision ?? -1, 'epoch 2')

      expect(first).toMatchObject({ done: true, entry: { value: 'epoch 1' } })
      expect(late).toMatchObject({ done: false, entry: { value: 'epoch 1' } })
      expect(second).toMatchObject({ done: true, entry: { value: 'epoch 2' } })
      expect(await one.get('role/node1')).toEqual(second.entry)
      expect(second.entry?.revision).toBeGreaterThan(first.entry?.revision ?? 0)
    })

    it('lets one of many win', async () => {
      const tries = [one, other, one, other].map((participant, number) =>
        participant.compareAndSet('role/node1', 0, `try ${number}`),
      )

      const results = await Promise.all(tries)

      expect(results.filter(({ done }) => done)).toHaveLength(1)
    })

    it('keeps what was set when who set it is gone', async () => {
      await one.compareAndSet('role/node1', 0, 'epoch 1')

      await one.leave()

      expect((await other.get('role/node1'))?.value).toBe('epoch 1')
      expect(await other.get('role/node2')).toBeUndefined()
    })
  })
}
