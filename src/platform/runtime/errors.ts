import { ClusterError } from '../errors.ts'
import type { Address } from './runtime.ts'

export class AddressInUse extends ClusterError {
  readonly address: Address
  constructor(address: Address, options?: ErrorOptions) {
    super('ADDRESS_IN_USE', `${address.host}:${address.port} is already in use`, options)
    this.address = address
  }
}

export class ConnectFailed extends ClusterError {
  constructor(address: Address, reason: string, options?: ErrorOptions) {
    super('CONNECT_FAILED', `cannot connect to ${address.host}:${address.port}: ${reason}`, options)
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
