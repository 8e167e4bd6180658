import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { openKept } from './kept.ts'

const path = 'data/coordination.json'

describe('coordination kept on disk', () => {
  it('has after the next start what was set last, and no announcement', async () => {
    const world = new World()
    const host = world.host('host')
    const before = (await world.complete(openKept(host, path))).member(host.clock)
    const first = await world.complete(before.compareAndSet('epoch/node1', 0, '1'))
    await world.complete(before.compareAndSet('epoch/node1', first.entry?.revision ?? -1, '2'))
    await world.complete(before.announce('proxy/1', 'a'))
    await world.complete(before.compareAndSet('orders', 0, '{}'))

    const after = (await world.complete(openKept(host, path))).member(host.clock)

    const entries = await Promise.all(['epoch/node1', 'orders', 'proxy/1'].map((key) => after.get(key)))
    expect(entries.map((entry) => entry?.value)).toEqual(['2', '{}', undefined])
    const again = await world.complete(after.compareAndSet('epoch/node1', entries[0]?.revision ?? -1, '3'))
    expect(again.done).toBe(true)
  })

  it.each(['{"epoch/node1":"2', 'null', '["2"]', '{"epoch/node1":2}'])(
    'does not begin anew over a file that is damaged, and says which it is and what to do: %s',
    async (text) => {
      const world = new World()
      const host = world.host('host')
      await world.complete(host.disk.replace(path, Buffer.from(text)))

      const opened = await world.complete(openKept(host, path).catch((error: unknown) => error))

      expect(opened).toMatchObject({ code: 'COORDINATION_DAMAGED', message: expect.stringContaining(path) })
      expect((await world.complete(host.disk.read(path))).toString()).toBe(text)
    },
  )
})
