import { ClusterError } from '../errors.ts'
import type { Address } from './runtime.ts'

/** `host:port`, IPv6 in brackets. */
const socketName = ({ host, port }: Address): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

export class AddressInUse extends ClusterError {
  readonly address: Address
  constructor(address: Address, options?: ErrorOptions) {
    super('ADDRESS_IN_USE', `${socketName(address)} is already in use`, options)
    this.address = address
  }
}

/** The port cannot be opened, and not because another has it: an address of another machine, a privileged port. */
export class CannotListen extends ClusterError {
  readonly address: Address
  constructor(address: Address, reason: string, options?: ErrorOptions) {
    super('CANNOT_LISTEN', `cannot listen on ${socketName(address)}: ${reason}`, options)
    this.address = address
  }
}

export class ConnectFailed extends ClusterError {
  constructor(address: Address, reason: string, options?: ErrorOptions) {
    super('CONNECT_FAILED', `cannot connect to ${socketName(address)}: ${reason}`, options)
  }
}

/** Certificates or a key that are none, or that do not belong together. */
export class BadCertificate extends ClusterError {
  constructor(reason: string, options?: ErrorOptions) {
    super('BAD_CERTIFICATE', reason, options)
  }
}

/** The other side speaks no TLS, none that we take, or shows a certificate that we do not believe. */
export class TlsFailed extends ClusterError {
  constructor(address: Address, reason: string, options?: ErrorOptions) {
    super('TLS_FAILED', `no TLS with ${socketName(address)}: ${reason}`, options)
  }
}

/** No name server answered in time, or none would: whether there are such records is not known. */
export class NameServersFailed extends ClusterError {
  constructor(name: string, type: string, reason: string, options?: ErrorOptions) {
    super('NAME_SERVERS_FAILED', `cannot look up ${type} of ${name}: ${reason}`, options)
  }
}

export class FileNotFound extends ClusterError {
  constructor(path: string) {
    super('FILE_NOT_FOUND', `there is no file ${path}`)
  }
}

export class DirectoryNotWritable extends ClusterError {
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super('DIRECTORY_NOT_WRITABLE', `cannot write in ${path}: ${reason}`, options)
  }
}

/** The disk is full, or does not do what it was asked. */
export class DiskFailed extends ClusterError {
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super('DISK_FAILED', `the disk failed at ${path}: ${reason}`, options)
  }
}
