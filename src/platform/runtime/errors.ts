import { ClusterError } from '../errors.ts'
import type { Address } from './runtime.ts'

export class AddressInUse extends ClusterError {
  readonly address: Address
  constructor(address: Address, options?: ErrorOptions) {
    super('ADDRESS_IN_USE', `${address.host}:${address.port} is already in use`, options)
    this.address = address
  }
}

/** The port cannot be opened, and not because another has it: an address of another machine, a privileged port. */
export class CannotListen extends ClusterError {
  readonly address: Address
  constructor(address: Address, reason: string, options?: ErrorOptions) {
    super('CANNOT_LISTEN', `cannot listen on ${address.host}:${address.port}: ${reason}`, options)
    this.address = address
  }
}

export class ConnectFailed extends ClusterError {
  constructor(address: Address, reason: string, options?: ErrorOptions) {
    super('CONNECT_FAILED', `cannot connect to ${address.host}:${address.port}: ${reason}`, options)
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
