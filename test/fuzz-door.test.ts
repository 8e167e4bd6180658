// Mutants of real messages at the door of a whole data centre, over UDP and TCP, from a trunk and from strangers: nobody
// falls, the next good request is served, and nothing is left of any of them.
import { randomInt } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSessionController } from '#layers/voice/sip-server/session-controller/session-controller.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { NodeWorld } from '#simulation/node-world.ts'
import { Stream } from '#simulation/stream.ts'
import { mutant } from './fuzz/mutate.ts'
import { seeds } from './fuzz/seeds.ts'

const proxy = { host: '10.0.0.1', port: 5060 }
const objects = configurationFrom({
  settings: { domains: ['ringmain', 'example.com'] },
  dns: [
    { number: '1001', secret: 'demo' },
    { number: '1002', secret: 'demo' },
  ],
  routingPoints: [{ number: '8010', name: 'Human', strategy: 'human' }],
  trunks: [{ name: 'carrier', sources: ['10.9.0.7'] }],
})

it('2,000 mutants do no harm to a proxy and a node', async () => {
  const seed = randomInt(0x7fff_ffff)
  const random = new Stream(seed, 'door')
  const cluster = new NodeWorld(seed, objects)
  const { world } = cluster
  await cluster.proxy('proxy1', proxy.host)
  await cluster.node('node1', '10.0.0.11', { createSessionController })
  const phone = await cluster.phone('1001')
  await phone.register()
  const { net } = world.host('attacker')
  const ports = [await world.complete(net.udp({ host: '10.9.0.7', port: 5060 }, () => {}))]
  for (let n = 1; n <= 8; n++)
    ports.push(await world.complete(net.udp({ host: `198.51.100.${n}`, port: 5060 }, () => {})))

  for (let sent = 0; sent < 2_000; sent++) {
    const bytes = mutant(random, seeds)
    if (random.chance(0.9)) random.pick(ports).send(bytes, proxy)
    else {
      const connection = await world.complete(net.connect(proxy))
      connection.receive(
        () => {},
        () => {},
      )
      connection.write(bytes)
      if (random.chance(0.5)) connection.destroy()
    }
    await world.run(random.below(40))
  }

  // Callers who have said nothing more are gone when their calls have ended.
  await world.run(600_000)
  expect(await cluster.left(), `seed ${seed}`).toEqual({ calls_active: 0, sip_sessions: 0, sip_transactions: 0 })
  expect(await phone.register(), `seed ${seed}`).toBe(200)
})
