import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Hop } from '../transport/transport.ts'
import { draft, none, pair, rawPeer, recorder, serverHop, side } from './layers.fixture.ts'

describe('non-INVITE client transaction', () => {
  it('repeats a request that nobody answers and gives up after 64·T1 (§17.1.2.2)', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1')
    const raw = await rawPeer(world, '127.0.0.2')
    const { heard, user } = recorder()

    client.layer.request(draft('OPTIONS'), serverHop, user)
    await world.run(31_900)
    const before = [...heard]
    await world.run(200)

    expect(before).toEqual([])
    expect(heard).toEqual(['timeout'])
    // 0, 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s
    expect(raw.got).toHaveLength(11)
    expect(client.layer.open).toEqual(none)
  })

  it('tells a request that cannot leave (§17.1.4), and nothing is told after close', async () => {
    const { world, client } = await pair(new World())
    const tcp = recorder()
    const open = recorder()

    client.layer.request(draft('OPTIONS'), { protocol: 'TCP', host: '127.0.0.9', port: 5060 }, tcp.user)
    await world.run(1_000)
    client.layer.request(draft('OPTIONS', 'call-2'), serverHop, open.user)
    client.layer.close()
    await world.run(40_000)

    expect(tcp.heard).toEqual(['transport'])
    expect(open.heard).toEqual([])
    expect(client.layer.open).toEqual(none)
  })

  it('tells nothing more once it is abandoned, though what was sent turns out not to have left', async () => {
    const { world, client } = await pair(new World())
    const hop: Hop = { protocol: 'TCP', host: '127.0.0.9', port: 5060 }
    const [options, invite] = [recorder(), recorder()]

    client.layer.request(draft('OPTIONS'), hop, options.user).abandon()
    client.layer.request(draft('INVITE', 'call-2'), hop, invite.user).abandon()
    await world.run(40_000)

    expect([options.heard, invite.heard]).toEqual([[], []])
    expect(client.layer.open).toEqual(none)
  })

  it('tells a request beyond its limit that it cannot leave, and nothing once that is abandoned', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1', 1)
    const [told, invite, options] = [recorder(), recorder(), recorder()]
    client.layer.request(draft('OPTIONS'), serverHop, recorder().user)

    client.layer.request(draft('INVITE', 'call-2'), serverHop, told.user)
    client.layer.request(draft('INVITE', 'call-3'), serverHop, invite.user).abandon()
    client.layer.request(draft('OPTIONS', 'call-4'), serverHop, options.user).abandon()
    await world.run(100)

    expect([told.heard, invite.heard, options.heard]).toEqual([['transport'], [], []])
    expect(client.layer.open.client).toBe(1)
  })
})
