import { describe, expect, it } from 'vitest'
import { NodeWorld } from '#simulation/node-world.ts'
import { createSessionController } from './session-controller/session-controller.ts'

/** Two proxies, a node and two phones, all real, on a virtual network. */
async function setUp() {
  const cluster = new NodeWorld()
  await cluster.proxy('proxy1', '10.0.0.1')
  await cluster.proxy('proxy2', '10.0.0.2')
  const node = await cluster.node('node1', '10.0.0.11', { createSessionController })
  const monitor = cluster.client('monitor', node, 'tController')
  const concentrator = cluster.client('concentrator', node, 'interactionProxy')
  await monitor.connected()
  await concentrator.connected()
  monitor.tlib.startCallMonitoring()
  const caller = await cluster.phone('1001', '10.0.0.1')
  const callee = await cluster.phone('1002', '10.0.0.2')
  await caller.register()
  await callee.register()
  await cluster.world.run(100)
  return { cluster, world: cluster.world, node, monitor, concentrator, caller, callee }
}

describe('a direct call through two proxies and a node', () => {
  it('rings, is answered and ends, and every port tells it in order', async () => {
    const { world, monitor, concentrator, caller, callee } = await setUp()

    caller.call('1002')
    await world.run(500)
    callee.answer()
    await world.run(500)
    caller.last.session.bye()
    await world.run(1000)

    expect(caller.last.events).toContain('answered')
    expect(callee.last.events).toEqual(['called', 'acknowledged', 'ended bye'])
    const devices = monitor.names().filter((name) => /^(Dialing|Ringing|Established|Released)$/.test(name))
    expect(devices).toEqual(['Dialing', 'Ringing', 'Established', 'Established', 'Released', 'Released'])
    expect(monitor.checker.end()).toEqual([])
    expect(concentrator.checker.end()).toEqual([])
    expect(concentrator.names().at(-1)).toBe('CallDeleted')
    expect(caller.counts()).toEqual({ sessions: 0, dialogs: 0, requests: 0 })
    expect(callee.counts()).toEqual({ sessions: 0, dialogs: 0, requests: 0 })
  })

  it('is refused where From is one of our DNs and the password is wrong, and rings nowhere', async () => {
    const { cluster, world, callee } = await setUp()
    const thief = await cluster.phone('1003', '10.0.0.1', 'guessed')

    thief.call('1002')
    await world.run(500)

    expect(thief.last.events).toEqual(['failed 401'])
    expect(callee.calls).toEqual([])
  })

  it('finds the callee busy at its owner: 486, and the callee hears nothing of it', async () => {
    const { cluster, world, caller, callee } = await setUp()
    callee.manner = 'answer'
    caller.call('1002')
    await world.run(500)
    const third = await cluster.phone('1003')
    await third.register()

    third.call('1002')
    await world.run(500)

    expect(third.last.events).toEqual(['failed 486'])
    expect(callee.calls).toHaveLength(1)
    caller.last.session.bye()
  })
})
