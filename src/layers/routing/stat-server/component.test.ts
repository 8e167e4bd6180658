import { describe, expect, it } from 'vitest'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { type Metrics, noMetrics } from '#platform/metrics/metrics.ts'
import { nodeKey } from '#protocols/tlib/location.ts'
import { Published } from '#protocols/tlib/published.ts'
import { createPort } from '#protocols/tlib/server.ts'
import { listenTcp } from '#protocols/tlib/tcp-server.ts'
import { World } from '#simulation/world.ts'
import { statServer } from './component.ts'

const address = (dn: string) => ({ thisDN: dn, inService: true, agentID: dn, agentStatus: 'Ready' as const, calls: [] })

describe('StatServer', () => {
  it('knows the agents of all data centres, and counts those of its own', async () => {
    const world = new World(4)
    const coordination = new InProcessCoordination()
    await node('dc1', '10.0.0.1', ['1001', '1002'])
    await node('dc2', '10.0.0.2', ['1006'])
    const counts = [await counted('dc1'), await counted('dc2')]

    await world.run(1000)

    expect(counts.map(({ server }) => server.agents().length)).toEqual([3, 3])
    expect(counts.map(({ read }) => read())).toEqual([
      [{ labels: { state: 'ready' }, value: 2 }],
      [{ labels: { state: 'ready' }, value: 1 }],
    ])

    /** A node that tells its agents to whoever monitors it. */
    async function node(dc: string, host: string, dns: readonly string[]): Promise<void> {
      const runtime = world.host(host)
      const port = createPort({
        runtime,
        service: {
          link: () => ({ node: `node.${dc}`, dc, epoch: 1, module: 't-controller' }),
          request(_, { client }) {
            const addresses = dns.map(address)
            client.tell(new Published({ name: 'EventCallMonitoringStarted', time: '', addresses }))
          },
          snapshot() {},
          closed() {},
        },
      })
      const { local } = await world.complete(listenTcp(runtime, { host, port: 0 }, port))
      const tlib = { sessionController: local, tController: local, interactionProxy: local }
      const entry = JSON.stringify({ node: 1, epoch: 1, geoLocation: dc, tlib })
      await world.complete(coordination.member(runtime.clock).announce(nodeKey(dc, `node.${dc}`), entry))
    }

    async function counted(dc: string) {
      const runtime = world.host(`stat-server.${dc}`)
      let read: Parameters<Metrics['gauge']>[2] = () => []
      const metrics: Metrics = {
        ...noMetrics,
        gauge: (_name, _help, asked) => {
          read = asked as typeof read
        },
      }
      const config = { dc, name: 'stat-server' }
      const context = { runtime, coordination: coordination.member(runtime.clock), config, log: silentLog, metrics }
      const server = await world.complete(statServer().start(context))
      return { server, read: () => read() }
    }
  })
})
