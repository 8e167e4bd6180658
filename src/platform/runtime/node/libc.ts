/**
 * System calls that Node.js does not offer, made through the C library. Each is one function call, no thread and no copy.
 * Undefined where the layouts that callers write are not those of the system (anything but 64-bit Linux of little end),
 * or where koffi has no build for it: callers then do with what Node.js has.
 */
import { constants } from 'node:os'

export type Libc = {
  socket(domain: number, type: number, protocol: number): number
  /** `addr`: a socket address of its family. */
  bind(fd: number, addr: Buffer, length: number): number
  setsockopt(fd: number, level: number, option: number, value: Int32Array, length: number): number
  sendto(fd: number, bytes: Buffer, length: number, flags: number, addr: Buffer, addrLength: number): number
  /** `addrLength`: the room in `addr`, then what of it is used. */
  recvfrom(fd: number, bytes: Buffer, length: number, flags: number, addr: Buffer, addrLength: Uint32Array): number
  /** `messages`: `count` times a `mmsghdr`. */
  recvmmsg(fd: number, messages: Buffer, count: number, flags: number, timeout: null): number
  epoll_create1(flags: number): number
  /** `event`: an `epoll_event`. */
  epoll_ctl(epoll: number, operation: number, fd: number, event: Buffer): number
  epoll_wait(epoll: number, events: Buffer, count: number, ms: number): number
  eventfd(value: number, flags: number): number
  read(fd: number, bytes: Buffer, length: number): number
  write(fd: number, bytes: Buffer, length: number): number
  close(fd: number): number
  /** Of the last call that answered -1; before any other call of this thread. */
  fault(call: string): NodeJS.ErrnoException
  /** Where the bytes of `memory` are. They stay there as long as it lives. */
  address(memory: Buffer): bigint
}

/** Whether the layouts that callers write are those of this system. */
export const hasLayouts = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')

export const libc: Libc | undefined = hasLayouts ? await load() : undefined

async function load(): Promise<Libc | undefined> {
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    return {
      socket: library.func('int socket(int domain, int type, int protocol)'),
      bind: library.func('int bind(int fd, void *addr, uint32_t length)'),
      setsockopt: library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
      sendto: library.func(
        'int sendto(int fd, void *bytes, size_t length, int flags, void *addr, uint32_t addrLength)',
      ),
      recvfrom: library.func(
        'int recvfrom(int fd, void *bytes, size_t length, int flags, void *addr, void *addrLength)',
      ),
      recvmmsg: library.func('int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)'),
      epoll_create1: library.func('int epoll_create1(int flags)'),
      epoll_ctl: library.func('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
      epoll_wait: library.func('int epoll_wait(int epoll, void *events, int count, int ms)'),
      eventfd: library.func('int eventfd(unsigned int value, int flags)'),
      read: library.func('int read(int fd, void *bytes, size_t length)'),
      write: library.func('int write(int fd, void *bytes, size_t length)'),
      close: library.func('int close(int fd)'),
      fault: (call) => faultOf(call, koffi.errno()),
      address: (memory) => koffi.address(memory),
    }
  } catch {
    return undefined
  }
}

/** As Node.js itself would throw it. */
function faultOf(call: string, errno: number): NodeJS.ErrnoException {
  const [code = `errno ${errno}`] = Object.entries(constants.errno).find(([, value]) => value === errno) ?? []
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call })
}
