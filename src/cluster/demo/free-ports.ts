/** Whether the demo can have its ports, before anything is made that would have to be undone. */
import type { Net } from '#platform/runtime/runtime.ts'
import type { DataCentreAddresses } from './addresses.ts'

const host = '127.0.0.1'

/**
 * Binds and closes each; throws `AddressInUse`, `CannotListen` at the first it cannot have. Ports for media are not asked:
 * the media servers pass over those that somebody has.
 */
export async function refuseTakenPorts(net: Net, addresses: readonly DataCentreAddresses[]): Promise<void> {
  for (const { http, hosts, proxies, tlib } of addresses) {
    const at = (ports: readonly number[]) => hosts.flatMap((one) => ports.map((port) => ({ host: one, port })))
    for (const local of at(proxies.map(({ port }) => port))) await (await net.udp(local, () => {})).close()
    const sip = at(proxies.flatMap(({ port }) => [port, port + 1, port + 2, port + 3]))
    const others = [http, ...Object.values(tlib)].map((port) => ({ host, port }))
    for (const local of [...others, ...sip])
      await (await net.listen(local, (connection) => connection.destroy())).close()
  }
}
