/** Whether the demo can have its ports, before anything is made that would have to be undone. */
import type { Net } from '#platform/runtime/runtime.ts'
import type { DataCentreAddresses } from './addresses.ts'

const host = '127.0.0.1'

/**
 * Binds and closes each; throws `AddressInUse`, `CannotListen` at the first it cannot have. Ports for media are not asked:
 * the media servers pass over those that somebody has.
 */
export async function refuseTakenPorts(net: Net, addresses: readonly DataCentreAddresses[]): Promise<void> {
  for (const { http, proxies, tlib } of addresses) {
    for (const { port } of proxies) await (await net.udp({ host, port }, () => {})).close()
    const sip = proxies.flatMap(({ port }) => [port, port + 1, port + 2, port + 3])
    for (const port of [http, ...sip, ...Object.values(tlib)])
      await (await net.listen({ host, port }, (connection) => connection.destroy())).close()
  }
}
