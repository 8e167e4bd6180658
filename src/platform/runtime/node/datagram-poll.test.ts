import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DatagramPoll, makeWaker, wake } from './datagram-poll.ts'
import { type Libc, libc } from './libc.ts'

const localhost = '127.0.0.1'
const buffer = 65_536

describe.runIf(libc !== undefined)('sockets that a thread waits for in one call', () => {
  const calls = libc as Libc
  let waker: number
  let poll: DatagramPoll
  beforeEach(() => {
    waker = makeWaker(calls)
    poll = new DatagramPoll(calls, waker)
  })
  afterEach(() => {
    poll.close()
    calls.close(waker)
  })

  /** A socket at a free port of the host, what it has heard, and its port. */
  const open = (port: number, host = localhost) => {
    const heard: string[] = []
    const socket = poll.bind({ host, port }, buffer, (packet, from, at) => heard.push(`${packet} ${from} ${at}`))
    return { socket, heard }
  }
  const [first, second, third] = [23_981, 23_983, 23_985]

  it('bring each socket its own datagrams, with their sender', () => {
    const one = open(first)
    const two = open(second)

    one.socket.send(Buffer.from('to two'), second, localhost)
    two.socket.send(Buffer.from('to one'), first, localhost)
    poll.deliver(1000)

    expect(one.heard).toEqual([`to one ${localhost} ${second}`])
    expect(two.heard).toEqual([`to two ${localhost} ${first}`])
  })

  it('bring all datagrams of a socket, one a wait, though senders change', () => {
    const one = open(first)
    const two = open(second)
    const three = open(third)

    for (const text of ['a', 'b']) {
      one.socket.send(Buffer.from(text), third, localhost)
      two.socket.send(Buffer.from(text), third, localhost)
    }
    for (let at = 0; at < 4; at++) poll.deliver(1000)

    expect(three.heard).toEqual(
      ['a', 'b'].flatMap((text) => [first, second].map((port) => `${text} ${localhost} ${port}`)),
    )
  })

  it('speak IPv6, with addresses as we write them', () => {
    const one = open(first, '::1')
    const two = open(second, '::1')

    one.socket.send(Buffer.from('hello'), second, '::1')
    poll.deliver(1000)

    expect(two.heard).toEqual([`hello ::1 ${first}`])
  })

  it('hear nothing once closed, even what had come, and leave their port free', () => {
    const one = open(first)
    const two = open(second)
    one.socket.send(Buffer.from('too late'), second, localhost)

    two.socket.close()
    poll.deliver(0)
    const again = open(second)
    one.socket.send(Buffer.from('in time'), second, localhost)
    poll.deliver(1000)

    expect(two.heard).toEqual([])
    expect(again.heard).toEqual([`in time ${localhost} ${first}`])
  })

  it('may be closed by what another one of the same wait has heard', () => {
    const heard: number[] = []
    const bind = (port: number) =>
      poll.bind({ host: localhost, port }, buffer, () => {
        heard.push(port)
        for (const socket of sockets) socket.close()
      })
    const sockets = [bind(first), bind(second)]
    const sender = open(third)
    for (const port of [first, second]) sender.socket.send(Buffer.from('x'), port, localhost)

    poll.deliver(1000)

    expect(heard).toHaveLength(1)
  })

  it('say that their address is in use, and that it is not of this machine', () => {
    open(first)

    expect(() => open(first)).toThrow('EADDRINUSE')
    expect(() => open(first, '192.0.2.1')).toThrow('EADDRNOTAVAIL')
  })

  it('are waited for no longer than asked, and only until another thread wakes this one', () => {
    const started = performance.now()
    poll.deliver(30)
    expect(performance.now() - started).toBeGreaterThanOrEqual(29)

    wake(calls, waker)
    poll.deliver(10_000)
    expect(performance.now() - started).toBeLessThan(9_000)
  })
})
