// biome-ignore lint/style/noRestrictedImports: a real directory for the real database
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openEmbedded } from '#platform/store/embedded.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { arrayOf, Published } from '#protocols/tlib/published.ts'
import { embeddedRecords } from './embedded-records.ts'

const events = [
  { name: 'EventCallCreated', ani: '1001', dnis: '1002' },
  { name: 'EventCallDeleted', extensions: { Ending: { by: 'customer', cause: 'cancelled' } } },
].map(
  (body, index) =>
    ({
      ...body,
      ...{ callUUID: 'call-1', connID: '0000000000000001', callType: 'Internal' },
      ...{ eventNo: index + 1, cSeq: index + 1, time: `2026-01-01T00:00:0${index}.000Z` },
    }) as Event,
)

it('keeps the records in the thread of the embedded database: a reading goes there, the history comes back', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringmain-records-'))
  const database = await openEmbedded({ directory, option: '--data' })
  const records = await embeddedRecords(database)
  const of = { reader: 'reporting', node: 'node1.dc1' }
  const first = await records.begin(of.reader, of.node)
  const array = (some: readonly Event[]) => arrayOf(some.map((event) => new Published(event)))

  const empty = await records.take({ ...of, positions: [6], next: 7, events: array(events.slice(0, 1)) })
  const again = await records.take({ ...of, positions: [6, 7], next: 8, events: array(events) })
  const { items } = await records.list({ limit: 10 })

  expect(first).toBeUndefined()
  expect([empty, again]).toEqual([
    { missing: 0, conflicts: [] },
    { missing: 0, conflicts: [] },
  ])
  expect(items).toMatchObject([{ callUUID: 'call-1', ani: '1001', ending: { cause: 'cancelled' } }])
  expect(await records.begin(of.reader, of.node)).toBe(8)
  await database.close()
  rmSync(directory, { recursive: true })
}, 60_000)
