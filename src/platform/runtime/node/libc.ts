/**
 * System calls that Node.js does not offer, made through the C library. Each is one function call, no thread and no copy.
 * Undefined where the layouts that callers write are not those of the system (anything but 64-bit Linux of little end),
 * or where koffi has no build for it: callers then do with what Node.js has.
 */
import { constants } from 'node:os'

export type Libc = {
  socket(domain: number, type: number, protocol: number): number
  /** `addr`: a `sockaddr_in`. */
  bind(fd: number, addr: Buffer, length: number): number
  sendto(fd: number, bytes: Buffer, length: number, flags: number, addr: Buffer, addrLength: number): number
  setsockopt(fd: number, level: number, option: number, value: Int32Array, length: number): number
  /** `messages`: `count` times a `mmsghdr`. */
  recvmmsg(fd: number, messages: Buffer, count: number, flags: number, timeout: null): number
  close(fd: number): number
  /** Of the last call that answered -1; before any other call of this thread. */
  fault(call: string): NodeJS.ErrnoException
  /** Where the bytes of `memory` are. They stay there as long as it lives. */
  address(memory: Buffer): bigint
}

export const libc: Libc | undefined = suitable() ? await load() : undefined

function suitable(): boolean {
  return process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')
}

async function load(): Promise<Libc | undefined> {
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    return {
      socket: library.func('int socket(int domain, int type, int protocol)'),
      bind: library.func('int bind(int fd, void *addr, uint32_t length)'),
      sendto: library.func(
        'int sendto(int fd, void *bytes, size_t length, int flags, void *addr, uint32_t addrLength)',
      ),
      setsockopt: library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
      recvmmsg: library.func('int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)'),
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
