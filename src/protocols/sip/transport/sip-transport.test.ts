import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { AddressInUse } from '#platform/runtime/errors.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { World } from '#simulation/world.ts'
import { SipTransport } from './sip-transport.ts'

const host = '10.0.0.1'

async function setUp() {
  const world = new World()
  const runtime = world.host('here')
  const transport = new SipTransport({ runtime, log: silentLog, metrics: noMetrics })
  const takeTcp = (port: number) => world.complete(runtime.net.listen({ host, port }, () => {}))
  return { world, runtime, transport, takeTcp }
}

/** The port that UDP is given next. */
async function nextFree(world: World, { net }: Runtime): Promise<number> {
  const port = await world.complete(net.udp({ host, port: 0 }, () => {}))
  await world.complete(port.close())
  return port.local.port
}

describe('SIP transport', () => {
  it('takes another free port where the one UDP was given is not free for TCP', async () => {
    const { world, runtime, transport, takeTcp } = await setUp()
    const free = await nextFree(world, runtime)
    for (let port = free; port < free + 5; port++) await takeTcp(port)

    const local = await world.complete(transport.listenBoth({ host, port: 0 }))

    expect(local.port).toBeGreaterThan(0)
    expect(transport.sentBy({ protocol: 'TCP', host: '10.0.0.9', port: 5060 }).port).toBe(local.port)
    expect(transport.sentBy({ protocol: 'UDP', host: '10.0.0.9', port: 5060 }).port).toBe(local.port)
  })

  it('does not move from a port that was named, and leaves it free for UDP', async () => {
    const { world, runtime, transport, takeTcp } = await setUp()
    await takeTcp(5060)

    await expect(world.complete(transport.listenBoth({ host, port: 5060 }))).rejects.toThrow(AddressInUse)

    const port = await world.complete(runtime.net.udp({ host, port: 5060 }, () => {}))
    expect(port.local.port).toBe(5060)
  })
})
