import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { openSecrets } from './secrets.ts'

const path = 'data/secrets.json'

describe('the keys of the demo', () => {
  it('are those of the first start ever after, and three different ones', async () => {
    const world = new World()
    const host = world.host('host')

    const made = await world.complete(openSecrets(host, path))
    const kept = await world.complete(openSecrets(host, path))

    expect(kept).toEqual(made)
    expect(new Set(Object.values(made)).size).toBe(3)
  })

  it.each(['', '{"routes":', 'null', '{"routes":"ab","digest":"ab","sessions":"ab"}', '{}'])(
    'are not made anew over a file that is damaged: which it is and what to do is said: %s',
    async (text) => {
      const world = new World()
      const host = world.host('host')
      await world.complete(host.disk.replace(path, Buffer.from(text)))

      const opened = await world.complete(openSecrets(host, path).catch((error: unknown) => error))

      expect(opened).toMatchObject({ code: 'SECRETS_DAMAGED', message: expect.stringContaining(path) })
      expect((await world.complete(host.disk.read(path))).toString()).toBe(text)
    },
  )
})
