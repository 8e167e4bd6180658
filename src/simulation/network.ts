/**
 * The virtual network: one address space for the whole world, so that components share 127.0.0.1 as in the demo;
 * delays and faults are those between the hosts that hold the two addresses.
 */
import { AddressInUse, ConnectFailed } from '#platform/runtime/errors.ts'
import { NodeCredentials } from '#platform/runtime/node/tls.ts'
import type { Address, Connection, Listener, Net, UdpPort } from '#platform/runtime/runtime.ts'
import type { EventQueue } from './event-queue.ts'
import type { Life } from './host.ts'
import { Links } from './links.ts'
import type { Stream } from './stream.ts'
import { type Pipe, VirtualConnection } from './tcp.ts'
import { secureVirtually } from './tls.ts'

type Receive = (bytes: Buffer, from: Address) => void
type Bound = { readonly life: Life; readonly local: Address; readonly receive: Receive }
type Listening = { readonly life: Life; readonly local: Address; readonly accept: (connection: Connection) => void }

const largestDatagram = 65_507
/** When a connection attempt is repeated, and when it is given up, after the first. */
const connectRetries = [1_000, 3_000, 7_000]
const connectLimit = 10_000

const key = (address: Address): string => `${address.host}:${address.port}`

/** What the network needs of its world. */
type Surroundings = {
  readonly queue: EventQueue
  now(): number
  readonly random: Stream
  record(what: string, bytes?: Buffer): void
  /** Whether some life of that host is up. */
  isUp(host: string): boolean
}

/** A connection on its way to be made, perhaps by several packets. */
type Dial = {
  readonly life: Life
  readonly remote: Address
  /** Answered, one way or the other, or given up: a further packet changes nothing. */
  taken: boolean
  readonly connected: (connection: Connection) => void
  readonly refused: (reason: string) => void
}

export class Network {
  readonly links: Links
  readonly #world: Surroundings
  readonly #udp = new Map<string, Bound>()
  readonly #tcp = new Map<string, Listening>()
  /** Who had a TCP address last: nobody answers for a host that is down. */
  readonly #holders = new Map<string, Life>()
  readonly #connections = new Set<VirtualConnection>()
  #nextPort = 40_000

  constructor(world: Surroundings) {
    this.#world = world
    this.links = new Links(() => {
      for (const connection of this.#connections) connection.resume()
    })
  }

  /** What a host sees of the network. */
  of(life: Life): Net {
    return {
      udp: (local, receive) => life.later(0, () => this.#bind(life, local, receive)),
      listen: (local, accept) => life.later(0, () => this.#listen(life, local, accept)),
      connect: (remote) => this.#connect(life, remote),
      credentials: (pem) => new NodeCredentials(pem),
      secure: (connection, end) => secureVirtually(life, connection, end),
    }
  }

  /** `reset`: its kernel lives on and tells the peers; otherwise they hear nothing (half-open connections). */
  crash(life: Life, reset: boolean): void {
    for (const [at, bound] of this.#udp) if (bound.life === life) this.#udp.delete(at)
    for (const [at, listening] of this.#tcp) if (listening.life === life) this.#tcp.delete(at)
    for (const connection of this.#connections) if (connection.life === life) connection.die(reset)
  }

  #bind(life: Life, wanted: Address, receive: Receive): UdpPort {
    const local = this.#free(this.#udp, wanted)
    const bound = { life, local, receive }
    this.#udp.set(key(local), bound)
    const close = (): Promise<void> => {
      if (this.#udp.get(key(local)) === bound) this.#udp.delete(key(local))
      return life.later(0, () => {})
    }
    return { local, send: (bytes, to) => this.#send(bound, bytes, to), close }
  }

  #send(bound: Bound, bytes: Buffer, to: Address): void {
    const { life, local } = bound
    if (!life.alive || this.#udp.get(key(local)) !== bound || bytes.length > largestDatagram) return
    const target = find(this.#udp, to)
    if (!target) return
    const link = this.links.between(life.host, target.life.host)
    if (link.cut || this.#world.random.chance(link.loss)) return
    const copies = this.#world.random.chance(link.duplication) ? 2 : 1
    for (let copy = 0; copy < copies; copy++)
      this.#deliver(sourceOf(local), Buffer.from(bytes), to, target.life.host, link)
  }

  #deliver(from: Address, bytes: Buffer, to: Address, host: string, link: { delay: readonly [number, number] }): void {
    const time = this.#world.now() + this.#world.random.between(...link.delay)
    const arrive = (): void => {
      const target = find(this.#udp, to)
      if (!target) return
      this.#world.record(`udp ${key(from)} ${key(to)}`, bytes)
      target.receive(bytes, from)
    }
    this.#world.queue.push(time, host, arrive, true)
  }

  #listen(life: Life, wanted: Address, accept: (connection: Connection) => void): Listener {
    const local = this.#free(this.#tcp, wanted)
    const listening = { life, local, accept }
    this.#tcp.set(key(local), listening)
    this.#holders.set(key(local), life)
    const refuse = (): void => {
      if (this.#tcp.get(key(local)) === listening) this.#tcp.delete(key(local))
    }
    const close = (): Promise<void> => {
      refuse()
      for (const connection of this.#connections) if (connection.listener === listening) connection.destroy()
      return life.later(0, () => {})
    }
    return { local, refuse, close }
  }

  #connect(life: Life, remote: Address): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => settle(() => reject(new ConnectFailed(remote, reason)))
      const settle = (run: () => void): void => {
        for (const timer of timers) timer.cancel()
        run()
      }
      const dial: Dial = { life, remote, taken: false, connected: (made) => settle(() => resolve(made)), refused: fail }
      const timers = connectRetries.map((ms) => life.after(ms, () => this.#dial(dial)))
      timers.push(
        life.after(connectLimit, () => {
          dial.taken = true
          fail(`no answer in ${connectLimit / 1000} s`)
        }),
      )
      this.#dial(dial)
    })
  }

  /** There and back; nothing happens where the link is cut or the host is down. */
  #dial(dial: Dial): void {
    const { life, remote } = dial
    const { random, queue, now, isUp } = this.#world
    const holder = find(this.#tcp, remote)?.life ?? find(this.#holders, remote) ?? life
    const there = this.links.between(life.host, holder.host)
    const back = this.links.between(holder.host, life.host)
    if (!life.alive || there.cut || back.cut || random.chance(there.loss)) return
    queue.push(now() + random.between(...there.delay), holder.host, () => {
      if (dial.taken || !life.alive || !isUp(holder.host)) return
      dial.taken = true
      const listening = find(this.#tcp, remote)
      const delay = random.between(...back.delay)
      if (listening) this.#accept(dial, listening, delay)
      else life.after(delay, () => dial.refused('nobody listens there'))
    })
  }

  #accept({ life, remote, connected }: Dial, listening: Listening, delay: number): void {
    const dialler: Address = { host: loopbackOf(remote), port: this.#nextPort++ }
    const ours = new VirtualConnection(life, dialler, remote, this.#pipe(life, listening.life), undefined)
    const theirs = new VirtualConnection(listening.life, remote, dialler, this.#pipe(listening.life, life), listening)
    this.#world.record(`tcp ${key(dialler)} ${key(remote)}`)
    ours.joinTo(theirs, this.#world.now() + delay)
    for (const connection of [ours, theirs]) {
      this.#connections.add(connection)
      connection.whenGone(() => this.#connections.delete(connection))
    }
    life.after(delay, () => connected(ours))
    listening.accept(theirs)
  }

  #pipe(from: Life, to: Life): Pipe {
    const { queue, now, random, record, isUp } = this.#world
    return {
      link: () => this.links.between(from.host, to.host),
      random,
      now,
      record,
      schedule: (time, run) => queue.push(time, to.host, run, true),
      isUp: () => isUp(to.host),
    }
  }

  #free(taken: ReadonlyMap<string, unknown>, wanted: Address): Address {
    if (wanted.port !== 0) {
      if (find(taken, wanted) !== undefined) throw new AddressInUse(wanted)
      return wanted
    }
    while (find(taken, { host: wanted.host, port: this.#nextPort })) this.#nextPort++
    return { host: wanted.host, port: this.#nextPort++ }
  }
}

function find<T>(map: ReadonlyMap<string, T>, { host, port }: Address): T | undefined {
  return map.get(`${host}:${port}`) ?? map.get(`${host.includes(':') ? '::' : '0.0.0.0'}:${port}`)
}

const sourceOf = (local: Address): Address =>
  local.host === '0.0.0.0' || local.host === '::' ? { host: loopbackOf(local), port: local.port } : local

const loopbackOf = ({ host }: Address): string => (host.includes(':') ? '::1' : '127.0.0.1')
