/** What kept the demo from starting, in one line that names the option that helps. */
import { ClusterError } from '#platform/errors.ts'
import { AddressInUse, CannotListen, DirectoryNotWritable, DiskFailed } from '#platform/runtime/errors.ts'
import { type DemoPorts, optionOf } from './addresses.ts'
import { startWith } from './start-with.ts'

/** `undefined` for what is no operational failure: a bug, which is told whole. */
export function explain(error: unknown, ports: DemoPorts): string | undefined {
  if (error instanceof AddressInUse || error instanceof CannotListen) {
    const { host, port } = error.address
    const option = optionOf(ports, port)
    const move =
      option === undefined ? '' : `; ${option} moves it, e.g. ${startWith(`${option} ${elsewhere(ports, option)}`)}`
    if (error instanceof AddressInUse)
      return `port ${port} on ${host} is in use by another program, perhaps another ringmain${move}`
    return `${error.message}${move}`
  }
  if (error instanceof DirectoryNotWritable || error instanceof DiskFailed)
    return `${error.message}; --data names another directory, e.g. ${startWith('--data ./elsewhere')}`
  return error instanceof ClusterError ? error.message : undefined
}

/** A block that is likely to be free. */
function elsewhere(ports: DemoPorts, option: string): number {
  const port = ports[option.slice(2) as keyof DemoPorts]
  return port < 20_000 ? port + 10_000 : port - 8_000
}
