import type { Address } from '#platform/runtime/runtime.ts'
import type { Libc } from './libc.ts'
import { inet, inet6, socketAddress } from './socket-address.ts'

/** SOCK_DGRAM | SOCK_CLOEXEC. */
const datagrams = 2 | 0x8_0000
const socketLevel = 1
const reuseAddress = 2
const receiveBuffer = 8
const ipv6Level = 41
const ipv6Only = 26

/** A UDP socket of the system, of IPv6 for that alone; its descriptor. Throws what `bind` says, as Node.js would; `RangeError`. */
export function boundSocket(libc: Libc, local: Address): number {
  const address = socketAddress(local)
  const isIpv6 = local.host.includes(':')
  const fd = libc.socket(isIpv6 ? inet6 : inet, datagrams, 0)
  if (fd < 0) throw libc.fault('socket')
  if (isIpv6) setOption(libc, fd, ipv6Level, ipv6Only, 1)
  if (libc.bind(fd, address, address.length) === 0) return fd
  const fault = libc.fault('bind')
  libc.close(fd)
  throw fault
}

/** Node.js lets others take an address together with a socket that it is given; one of ours is ours alone. */
export const keepToOurselves = (libc: Libc, fd: number): void => setOption(libc, fd, socketLevel, reuseAddress, 0)

export const setReceiveBuffer = (libc: Libc, fd: number, bytes: number): void =>
  setOption(libc, fd, socketLevel, receiveBuffer, bytes)

const setOption = (libc: Libc, fd: number, level: number, option: number, value: number): void =>
  void libc.setsockopt(fd, level, option, Int32Array.of(value), 4)
