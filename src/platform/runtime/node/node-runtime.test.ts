import { mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deferred } from '#platform/deferred.ts'
import {
  AddressInUse,
  ConnectFailed,
  DirectoryNotWritable,
  DiskFailed,
  FileNotFound,
  NameServersFailed,
} from '#platform/runtime/errors.ts'
import type { Address, Connection } from '#platform/runtime/runtime.ts'
import { type NodeRuntime, nodeRuntime } from './node-runtime.ts'

const anyPort: Address = { host: '127.0.0.1', port: 0 }

let runtime: NodeRuntime
beforeEach(() => {
  runtime = nodeRuntime()
})
afterEach(() => runtime.close())

describe('the clock of Node.js', () => {
  it('runs a timer never early and at most a little late', async () => {
    const start = runtime.clock.monotonic()

    await new Promise<void>((resolve) => runtime.clock.after(50, resolve))

    const took = runtime.clock.monotonic() - start
    expect(took).toBeGreaterThanOrEqual(50)
    expect(took).toBeLessThan(1000)
  })

  it('gathers a turn: what all packets of a poll started runs once, after their promises', async () => {
    const order: string[] = []

    await new Promise<void>((resolve) => {
      runtime.clock.turn(() => order.push('turn'))
      runtime.clock.turn(resolve)
      Promise.resolve().then(() => order.push('promise'))
      order.push('now')
    })

    expect(order).toEqual(['now', 'promise', 'turn'])
  })

  it('lets the end of a turn start more for its end, which comes before the next poll but after its promises', async () => {
    const order: string[] = []

    await new Promise<void>((resolve) => {
      runtime.clock.turn(() => {
        setImmediate(() => resolve(void order.push('next poll')))
        runtime.clock.turn(() => order.push('second round'))
        Promise.resolve().then(() => order.push('promise'))
      })
    })

    expect(order).toEqual(['promise', 'second round', 'next poll'])
  })

  it('lets the network have its turn beside what starts itself again for ever', async () => {
    let rounds = 0
    const again = () => {
      rounds++
      runtime.clock.turn(again)
    }
    runtime.clock.turn(again)

    const port = await runtime.net.udp(anyPort, (bytes, from) => {
      if (rounds > 100) done.resolve()
      else port.send(bytes, from)
    })
    const done = deferred<void>()
    port.send(Buffer.from('a packet'), port.local)
    await done.promise

    expect(rounds).toBeGreaterThan(100)
    expect(rounds).toBeGreaterThan(0)
  })
})

describe('the randomness of Node.js', () => {
  it('gives as many bytes as asked for, as hex too, across blocks and beyond one', () => {
    const hexes = Array.from({ length: 3000 }, () => runtime.random.hex(16))

    expect(new Set(hexes).size).toBe(3000)
    expect(hexes.every((hex) => /^[0-9a-f]{32}$/.test(hex))).toBe(true)
    expect(runtime.random.bytes(20_000)).toHaveLength(20_000)
    expect(runtime.random.bytes(7)).toHaveLength(7)
  })
})

describe('TCP of Node.js', () => {
  /** A connection as both sides see it. */
  async function connected(): Promise<{ dialled: Connection; accepted: Connection }> {
    const accepted = deferred<Connection>()
    const listener = await runtime.net.listen(anyPort, accepted.resolve)
    const dialled = await runtime.net.connect(listener.local)
    return { dialled, accepted: await accepted.promise }
  }

  it('lets what one turn writes leave in one piece', async () => {
    const { dialled, accepted } = await connected()
    const first = new Promise<string>((resolve) =>
      accepted.receive(
        (bytes) => resolve(bytes.toString()),
        () => {},
      ),
    )

    for (const part of ['one ', 'two ', 'three']) dialled.write(Buffer.from(part))
    const queued = dialled.queued

    expect(queued).toBe(13)
    expect(await first).toBe('one two three')
  })

  it('delivers what was written before the end, then closes both sides', async () => {
    const { dialled, accepted } = await connected()
    const got: string[] = []
    const closed = deferred<Error | undefined>()
    const ours = deferred<Error | undefined>()
    accepted.receive((bytes) => got.push(bytes.toString()), closed.resolve)
    dialled.receive(() => {}, ours.resolve)

    dialled.write(Buffer.from('last words'))
    dialled.end()

    expect(await closed.promise).toBeUndefined()
    expect(await ours.promise).toBeUndefined()
    expect(got.join('')).toBe('last words')
  })

  it('says that nobody listens', async () => {
    const listener = await runtime.net.listen(anyPort, () => {})
    await listener.close()

    await expect(runtime.net.connect(listener.local)).rejects.toThrow(ConnectFailed)
    await expect(runtime.net.connect({ host: '127.0.0.1', port: 70_000 })).rejects.toThrow(ConnectFailed)
  })

  it('names the address that is already in use', async () => {
    const listener = await runtime.net.listen(anyPort, () => {})

    await expect(runtime.net.listen(listener.local, () => {})).rejects.toThrow(AddressInUse)
  })

  it('keeps the open connections when it takes no further one', async () => {
    const accepted = deferred<Connection>()
    const listener = await runtime.net.listen(anyPort, accepted.resolve)
    const dialled = await runtime.net.connect(listener.local)
    const got = new Promise<string>((resolve) =>
      dialled.receive(
        (bytes) => resolve(bytes.toString()),
        () => {},
      ),
    )
    const server = await accepted.promise

    listener.refuse()
    server.write(Buffer.from('still here'))

    expect(await got).toBe('still here')
    await expect(runtime.net.connect(listener.local)).rejects.toThrow(ConnectFailed)
  })

  it('closes the connections with the listener', async () => {
    const listener = await runtime.net.listen(anyPort, () => {})
    const dialled = await runtime.net.connect(listener.local)
    const closed = new Promise<void>((resolve) =>
      dialled.receive(
        () => {},
        () => resolve(),
      ),
    )

    await listener.close()

    await expect(closed).resolves.toBeUndefined()
  })
})

describe('the disk of Node.js', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ringmain-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('replaces a file as a whole, the last one asked for staying, with the mode asked for', async () => {
    const path = join(directory, 'new', 'token')

    await Promise.all(['one', 'two', 'three'].map((text) => runtime.disk.replace(path, Buffer.from(text), 0o600)))

    expect((await runtime.disk.read(path)).toString()).toBe('three')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await runtime.disk.list(join(directory, 'new'))).toEqual(['token'])
  })

  it('appends to files that only their owner reads', async () => {
    const path = join(directory, 'trace', 'records')
    const file = await runtime.disk.append(path)
    await file.close()

    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('appends in order and goes on at the end of what is there', async () => {
    const path = join(directory, 'spool', 'events')
    const first = await runtime.disk.append(path)
    for (const letter of 'abc') first.append(Buffer.from(letter))
    await first.sync()
    first.append(Buffer.from('d'))
    await first.close()

    const second = await runtime.disk.append(path)
    const start = second.position
    second.append(Buffer.from('ef'))
    await second.sync()

    expect(start).toBe(4)
    expect(second.position).toBe(6)
    expect((await runtime.disk.read(path)).toString()).toBe('abcdef')
    expect((await runtime.disk.readAt(path, 2, 3)).toString()).toBe('cde')
    expect((await runtime.disk.readAt(path, 4, 99)).toString()).toBe('ef')
    expect(await runtime.disk.size(path)).toBe(6)
  })

  it('does not close as if all were kept where a write failed', async () => {
    const path = join(directory, 'full')
    await symlink('/dev/full', path)
    const file = await runtime.disk.append(path)
    file.append(Buffer.from('a'))

    await expect(file.close()).rejects.toThrow(DiskFailed)
  })

  it('says which file is not there, and that a missing directory has no files', async () => {
    const path = join(directory, 'missing')

    await expect(runtime.disk.read(path)).rejects.toThrow(FileNotFound)
    await expect(runtime.disk.readAt(path, 0, 1)).rejects.toThrow(FileNotFound)
    await expect(runtime.disk.size(path)).rejects.toThrow(FileNotFound)
    await expect(runtime.disk.remove(path)).resolves.toBeUndefined()
    expect(await runtime.disk.list(path)).toEqual([])
  })

  it('says that a directory cannot be written', async () => {
    const file = join(directory, 'file')
    await runtime.disk.replace(file, Buffer.from('x'))

    // Node.js itself never comes back from this one.
    await expect(runtime.disk.append('/proc/ringmain/file')).rejects.toThrow(DirectoryNotWritable)
    await expect(runtime.disk.append(join(file, 'inside'))).rejects.toThrow(DirectoryNotWritable)
    await expect(runtime.disk.replace(join(file, 'inside'), Buffer.from('x'))).rejects.toThrow(DirectoryNotWritable)
  })
})

describe('a closed runtime', () => {
  it('leaves nothing open: no timer runs, ports are free, connections are gone', async () => {
    const other = nodeRuntime()
    let ran = false
    other.clock.after(300, () => {
      ran = true
    })
    const port = await other.net.udp(anyPort, () => {})
    const listener = await other.net.listen(anyPort, () => {})
    const dialled = await other.net.connect(listener.local)
    const closed = new Promise<void>((resolve) =>
      dialled.receive(
        () => {},
        () => resolve(),
      ),
    )

    await other.close()

    await closed
    await (await runtime.net.udp(port.local, () => {})).close()
    await (await runtime.net.listen(listener.local, () => {})).close()
    await new Promise<void>((resolve) => runtime.clock.after(340, resolve))
    expect(ran).toBe(false)
  })
})

describe('the DNS of Node.js', () => {
  it('says that no name server answers, and ends what it asks when the runtime closes', async () => {
    const silent = await runtime.net.udp(anyPort, () => {})
    const other = nodeRuntime({ nameServers: [`127.0.0.1:${silent.local.port}`] })

    const asking = other.dns.query('carrier.example', 'SRV')
    void other.close()

    await expect(asking).rejects.toThrow(NameServersFailed)
  })
})
