import { describe, expect, it } from 'vitest'
import { AddressInUse, ConnectFailed, DiskFailed, FileNotFound } from '#platform/runtime/errors.ts'
import type { Address, Connection, Runtime } from '#platform/runtime/runtime.ts'
import { World } from './world.ts'

const at = (port: number): Address => ({ host: '127.0.0.1', port })

/** A listener on `b`, a connection from `a`, and what each side got. */
async function connected(world: World) {
  const closed: Record<string, string> = {}
  const got: Record<'a' | 'b', string> = { a: '', b: '' }
  const take = (side: 'a' | 'b', connection: Connection): void =>
    connection.receive(
      (bytes) => {
        got[side] += bytes.toString()
      },
      (error) => {
        closed[side] = error?.message ?? 'closed'
      },
    )
  let accepted: Connection | undefined
  await world.complete(
    world.host('b').net.listen(at(7000), (connection) => {
      accepted = connection
      take('b', connection)
    }),
  )
  const dialled = await world.complete(world.host('a').net.connect(at(7000)))
  take('a', dialled)
  return { a: dialled, b: accepted as Connection, got, closed }
}

describe('virtual time', () => {
  it('passes at once, and exactly as far as it is let', async () => {
    const world = new World()
    const ran: number[] = []
    const { clock } = world.host('a')
    clock.after(3_600_000, () => ran.push(clock.monotonic()))

    await world.run(3_599_999)
    const before = [...ran]
    await world.run(1)

    expect(before).toEqual([])
    expect(ran).toEqual([3_600_000])
  })

  it('runs every promise that can go on before it moves', async () => {
    const world = new World()
    const { clock } = world.host('a')
    const order: string[] = []
    clock.after(10, async () => {
      for (let step = 0; step < 100; step++) await Promise.resolve()
      order.push(`promise at ${clock.monotonic()}`)
    })
    clock.after(10, () => order.push('second timer'))
    clock.turn(() => order.push('turn'))

    await world.run(20)

    expect(order).toEqual(['turn', 'promise at 10', 'second timer'])
  })

  it('does not run what was cancelled', async () => {
    const world = new World()
    const ran: string[] = []
    const timer = world.host('a').clock.after(10, () => ran.push('timer'))

    timer.cancel()
    await world.run(20)

    expect(ran).toEqual([])
  })

  it('says when nothing can happen any more, and when it took too long', async () => {
    const world = new World(7)
    const { clock } = world.host('a')

    await expect(world.runUntil(() => false)).rejects.toThrow('nothing can happen any more')
    clock.after(2_000, () => {})
    await expect(world.runUntil(() => false, 1_000)).rejects.toThrow('did not come true in 1 s (at 0.000 s, seed 7')
  })

  it('says when something starts itself for ever', async () => {
    const world = new World()
    const { clock } = world.host('a')
    const again = (): void => clock.turn(again)
    again()

    await expect(world.run(1)).rejects.toThrow('time stands still')
  }, 60_000)

  it('hands on what an event throws', async () => {
    const world = new World()
    world.host('a').clock.after(1, () => {
      throw new Error('a bug')
    })

    await expect(world.run(10)).rejects.toThrow('a bug')
  })

  it('makes what a paused host would have done late, and leaves out what was cancelled', async () => {
    const world = new World()
    const { clock } = world.host('a')
    const ran: string[] = []
    clock.after(10, () => {
      ran.push(`first at ${clock.monotonic()}`)
      second.cancel()
    })
    const second = clock.after(20, () => ran.push('second'))

    world.pause('a', 500)
    await world.run(1_000)

    expect(ran).toEqual(['first at 500'])
  })

  it('does the work of a host one after the other, its timers in between, and says how busy it was', async () => {
    const world = new World()
    const { clock } = world.host('a')
    const ran: number[] = []
    for (let work = 0; work < 3; work++) world.work('a', 100)
    for (const ms of [50, 150, 400]) clock.after(ms, () => ran.push(clock.monotonic()))

    await world.run(1_000)

    expect(ran).toEqual([100, 200, 400])
    expect(clock.busy()).toBe(300)
  })

  it('steps the wall clock of one host and nothing else', async () => {
    const world = new World()
    const { clock } = world.host('a')

    world.skew('a', -300_000)

    expect(clock.wall() - world.host('b').clock.wall()).toBe(-300_000)
    expect(clock.monotonic()).toBe(0)
  })
})

describe('the virtual network, UDP', () => {
  async function ports(world: World): Promise<{ send(text: string): void; got: string[] }> {
    const got: string[] = []
    await world.complete(world.host('b').net.udp(at(5060), (bytes, from) => got.push(`${bytes} from ${from.port}`)))
    const port = await world.complete(world.host('a').net.udp(at(5070), () => {}))
    return { send: (text) => port.send(Buffer.from(text), at(5060)), got }
  }

  it('delivers after the delay of the link, with the address of the sender', async () => {
    const world = new World()
    world.links.set('a', 'b', { delay: [30, 30] })
    const { send, got } = await ports(world)

    send('hello')
    await world.run(29)
    const early = [...got]
    await world.run(1)

    expect(early).toEqual([])
    expect(got).toEqual(['hello from 5070'])
  })

  it('loses, repeats and reorders as the link is told', async () => {
    const world = new World()
    const { send, got } = await ports(world)

    world.links.set('a', 'b', { loss: 1 })
    send('lost')
    world.links.set('a', 'b', { loss: 0, duplication: 1 })
    send('twice')
    await world.run(10)
    world.links.set('a', 'b', { duplication: 0, delay: [1, 50] })
    for (let number = 0; number < 20; number++) send(`${number}`)
    await world.run(100)

    expect(got.slice(0, 2)).toEqual(['twice from 5070', 'twice from 5070'])
    const numbers = got.slice(2).map((text) => Number.parseInt(text, 10))
    expect(numbers).toHaveLength(20)
    expect(numbers).not.toEqual(numbers.toSorted((one, other) => one - other))
  })

  it('lets nothing through a partition until it is healed', async () => {
    const world = new World()
    const { send, got } = await ports(world)

    world.links.partition(['a'], ['b', 'c'])
    send('one')
    await world.run(100)
    world.links.heal(['a'], ['b', 'c'])
    send('two')
    await world.run(100)

    expect(got).toEqual(['two from 5070'])
  })

  it('has one address space: a port is in use, whoever has it, and free ports are told', async () => {
    const world = new World()
    await ports(world)

    await expect(world.complete(world.host('a').net.udp(at(5060), () => {}))).rejects.toThrow(AddressInUse)
    const one = await world.complete(world.host('a').net.udp(at(0), () => {}))
    const other = await world.complete(world.host('b').net.udp(at(0), () => {}))
    expect(one.local.port).not.toBe(other.local.port)
  })
})

describe('the virtual network, TCP', () => {
  it('keeps bytes in order through loss, delay and cuts', async () => {
    const world = new World()
    world.links.usual({ loss: 0.3, delay: [1, 90], split: 0.5 })
    const { a, got } = await connected(world)

    for (let number = 0; number < 200; number++) {
      a.write(Buffer.from(`${number},`))
      await world.run(5)
    }
    await world.run(60_000)

    expect(got.b).toBe(Array.from({ length: 200 }, (_, number) => `${number},`).join(''))
    expect(a.queued).toBe(0)
  })

  it('delivers what was written before the end, then closes both sides', async () => {
    const world = new World()
    const { a, got, closed } = await connected(world)

    a.write(Buffer.from('last words'))
    a.end()
    await world.run(100)

    expect(got.b).toBe('last words')
    expect(closed).toEqual({ a: 'closed', b: 'closed' })
  })

  it('waits out a partition', async () => {
    const world = new World()
    const { a, got } = await connected(world)

    world.links.partition(['a'], ['b'])
    a.write(Buffer.from('later'))
    await world.run(5_000)
    const during = { got: got.b, queued: a.queued }
    world.links.heal(['a'], ['b'])
    await world.run(100)

    expect(during).toEqual({ got: '', queued: 5 })
    expect(got.b).toBe('later')
  })

  it('refuses where nobody listens and gives up where nobody answers', async () => {
    const world = new World()
    await connected(world)

    await expect(world.complete(world.host('a').net.connect(at(7001)))).rejects.toThrow(ConnectFailed)
    world.links.partition(['a'], ['b'])
    const attempt = world.host('a').net.connect(at(7000))
    await expect(world.complete(attempt)).rejects.toThrow('no answer in 10 s')
  })

  it('closes what was accepted with its listener', async () => {
    const world = new World()
    const closed: boolean[] = []
    const listener = await world.complete(world.host('b').net.listen(at(7000), () => {}))
    const dialled = await world.complete(world.host('a').net.connect(at(7000)))
    dialled.receive(
      () => {},
      () => closed.push(true),
    )

    await world.complete(listener.close())
    await world.run(100)

    expect(closed).toEqual([true])
  })
})

describe('a crash', () => {
  it('of a process closes its connections and frees its ports', async () => {
    const world = new World()
    const { closed } = await connected(world)

    world.crash('b', 'process')
    await world.run(100)
    const listener = await world.complete(world.host('b').net.listen(at(7000), () => {}))

    expect(closed).toEqual({ a: 'connection reset by peer' })
    expect(listener.local).toEqual(at(7000))
  })

  it('of the machine leaves its connections half-open until it is back and is written to', async () => {
    const world = new World()
    const { a, closed } = await connected(world)

    world.crash('b')
    a.write(Buffer.from('into the void'))
    await world.run(5_000)
    const during = { ...closed }
    world.host('b')
    a.write(Buffer.from('anybody there?'))
    await world.run(100)

    expect(during).toEqual({})
    expect(closed).toEqual({ a: 'connection reset by peer' })
  })

  it('ends every timer and promise of that life', async () => {
    const world = new World()
    const ran: string[] = []
    const runtime = world.host('a')
    runtime.clock.after(10, () => ran.push('timer'))
    runtime.disk.list('x').then(() => ran.push('promise'))

    world.crash('a')
    await world.run(100)

    expect(ran).toEqual([])
    expect(world.host('a')).not.toBe(runtime)
  })

  it('without power loses at most what was not synced; of a process it loses nothing', async () => {
    const world = new World()
    const write = async (runtime: Runtime): Promise<void> => {
      const file = await runtime.disk.append('spool/events')
      file.append(Buffer.from('synced '))
      await file.sync()
      file.append(Buffer.from('not synced'))
    }
    await world.complete(write(world.host('a')))

    world.crash('a', 'process')
    const afterKill = await world.complete(world.host('a').disk.read('spool/events'))
    const again = await world.complete(world.host('a').disk.append('spool/events'))
    again.append(Buffer.from(', and more'))
    world.crash('a')
    const afterPower = await world.complete(world.host('a').disk.read('./spool/events'))

    expect(afterKill.toString()).toBe('synced not synced')
    expect(afterPower.length).toBeLessThan('synced not synced, and more'.length)
    expect(afterPower.toString().startsWith('synced ')).toBe(true)
  })
})

describe('the virtual disk', () => {
  it('reads, lists, replaces and removes files of its host alone', async () => {
    const world = new World()
    const { disk } = world.host('a')
    await world.complete(disk.replace('data/token', Buffer.from('one')))
    await world.complete(disk.replace('data/spool/1', Buffer.from('two')))

    expect(await world.complete(disk.list('data/'))).toEqual(['spool', 'token'])
    expect((await world.complete(disk.readAt('data/token', 1, 9))).toString()).toBe('ne')
    expect(await world.complete(disk.size('data/token'))).toBe(3)
    await world.complete(disk.remove('data/token'))
    await expect(world.complete(disk.read('data/token'))).rejects.toThrow(FileNotFound)
    expect(await world.complete(world.host('b').disk.list('data'))).toEqual([])
  })

  it('fails as told, and a file that failed stays failed', async () => {
    const world = new World()
    const { disk } = world.host('a')
    const file = await world.complete(disk.append('spool'))
    file.append(Buffer.from('good'))
    await world.complete(file.sync())

    world.failDisk('a', 'no space left')
    file.append(Buffer.from('bad'))
    await expect(world.complete(file.sync())).rejects.toThrow(DiskFailed)
    await expect(world.complete(disk.replace('x', Buffer.from('y')))).rejects.toThrow('no space left')
    world.failDisk('a')

    await expect(world.complete(file.sync())).rejects.toThrow(DiskFailed)
    expect((await world.complete(disk.read('spool'))).toString()).toBe('good')
  })
})

describe('a seed', () => {
  /** Ten hosts that gossip over lossy links and crash now and then. */
  async function gossip(seed: number): Promise<{ trace: string; events: number }> {
    const world = new World(seed)
    world.links.usual({ loss: 0.1, duplication: 0.1, delay: [1, 20] })
    const start = async (runtime: Runtime, port: number): Promise<void> => {
      const socket = await runtime.net.udp(at(port), (bytes) => {
        if (runtime.random.bytes(1)[0] !== 0)
          socket.send(bytes, at(6000 + ((runtime.random.bytes(1)[0] as number) % 10)))
      })
      const tick = (): void => {
        socket.send(runtime.random.bytes(20), at(6000 + (port % 10)))
        runtime.clock.after(100, tick)
      }
      tick()
    }
    for (let host = 0; host < 10; host++) void start(world.host(`host${host}`), 6000 + host)
    const faults = world.random('faults')
    for (let round = 0; round < 20; round++) {
      await world.run(50)
      const host = faults.below(10)
      world.crash(`host${host}`)
      void start(world.host(`host${host}`), 6000 + host)
    }
    return { trace: world.trace(), events: world.events }
  }

  it('gives the same run to the last byte, another seed another run', async () => {
    const first = await gossip(42)
    const again = await gossip(42)
    const other = await gossip(43)

    expect(again).toEqual(first)
    expect(other.trace).not.toBe(first.trace)
    expect(first.events).toBeGreaterThan(1_000)
  })
})
