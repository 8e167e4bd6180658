import { AddressInUse, CannotListen } from '#platform/runtime/errors.ts'
import type { Address } from '#platform/runtime/runtime.ts'

/** What the system says about a port that cannot be opened, in our words. */
export function listenError(local: Address, error: NodeJS.ErrnoException): AddressInUse | CannotListen {
  if (error.code === 'EADDRINUSE') return new AddressInUse(local, { cause: error })
  return new CannotListen(local, reasonOf(error), { cause: error })
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRNOTAVAIL') return 'this machine does not have that address'
  if (error.code === 'EACCES') return 'this user may not open that port'
  return error.message
}
