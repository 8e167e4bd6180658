/** What every store of configuration objects must do. */
import { describe, expect, it } from 'vitest'
import { changesBetween } from '#protocols/model/changes.ts'
import { complete } from '#protocols/model/entries.ts'
import type { ConfigurationStore } from './store.ts'

const empty = complete({})
const first = complete({
  settings: { realm: 'one.example' },
  persons: [{ employeeId: '1001', name: 'Ann' }],
  dns: [{ number: '1001', secret: 'x' }],
  skills: [{ name: 'sales' }],
})
const second = complete({
  settings: { realm: 'one.example' },
  persons: [
    { employeeId: '1001', name: 'Ann Other', skills: { sales: 3 } },
    { employeeId: '1002', name: 'Bob' },
  ],
  skills: [{ name: 'sales' }],
})

export function configurationStoreConformance(name: string, open: () => Promise<ConfigurationStore>): void {
  describe(`configuration store ${name}`, () => {
    it('holds nothing before the first change', async () => {
      const store = await open()

      expect(await store.load()).toBeUndefined()
    })

    it('gives back what was applied, with its revision', async () => {
      const store = await open()

      await store.apply(1, changesBetween(empty, first))

      expect(await store.load()).toEqual({ revision: 1, objects: first })
    })

    it('replaces, adds and removes by key, and keeps the rest', async () => {
      const store = await open()
      await store.apply(1, changesBetween(empty, first))

      await store.apply(2, changesBetween(first, second))

      const stored = await store.load()
      expect(changesBetween(second, stored?.objects ?? empty)).toEqual([])
      expect(stored?.revision).toBe(2)
    })

    it('refuses a revision that is stored already, and changes nothing then', async () => {
      const store = await open()
      await store.apply(1, changesBetween(empty, first))

      await expect(store.apply(1, changesBetween(first, second))).rejects.toMatchObject({
        code: 'CONFIGURATION_REVISION_TAKEN',
      })

      expect(await store.load()).toEqual({ revision: 1, objects: first })
    })
  })
}
