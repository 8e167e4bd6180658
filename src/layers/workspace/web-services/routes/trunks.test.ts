import { describe, expect, it } from 'vitest'
import { timestamp } from '#platform/time.ts'
import { type TrunkAtProxy, trunkKeys, trunkTestKeys } from '#protocols/model/http/trunks.ts'
import { World } from '#simulation/world.ts'
import { setUp } from '../centre.fixture.ts'

/** A proxy that makes each test and tells what came of it after so many ms; without them it never does. */
async function withProxy(after?: number) {
  const { ask, signIn, coordination, host, world } = await setUp(new World(12))
  const token = await signIn('1000')
  const tell = (tested?: string) => {
    const health = { state: 'down', reason: 'it does not answer', since: timestamp(host.clock.wall()) } as const
    const found: TrunkAtProxy = { health, facing: 'sip:127.0.0.1:5060', servers: [], ...(tested && { tested }) }
    return coordination.announce(`${trunkKeys}dc1/proxy1`, JSON.stringify({ carrier: found }))
  }
  await tell()
  coordination.watch(trunkTestKeys, (tests) => {
    const id = tests.get(`${trunkTestKeys}carrier`)
    if (id !== undefined && after !== undefined) host.clock.after(after, () => void tell(id))
  })
  await world.run(10)
  return { world, test: (trunk: string) => ask('POST', `/api/v1/trunks/${trunk}/test`, {}, token) }
}

describe('the test of a trunk', () => {
  it('ends as soon as every proxy has told, one whose server is waited for in full included (timer F, 32 s)', async () => {
    const { world, test } = await withProxy(32_000)
    const began = world.now

    const { status, body } = await test('carrier')

    expect([status, body.proxies['proxy1.dc1'].tested]).toEqual([200, expect.any(String)])
    expect(world.now - began).toBeLessThan(33_000)
  })

  it('ends after 40 s without a proxy that tells nothing, which shows', async () => {
    const { world, test } = await withProxy()
    const began = world.now

    const { status, body } = await test('carrier')

    expect([status, body.proxies['proxy1.dc1'].tested]).toEqual([200, undefined])
    expect(world.now - began).toBeLessThan(41_000)
  })

  it('is refused of a trunk that is none', async () => {
    const { test } = await withProxy()

    expect(await test('nobody')).toMatchObject({ status: 404, body: { detail: 'there is no trunk nobody' } })
  })
})
