/** The demo's traffic for the objects it has: its simulated persons as robots, each in the DC it prefers. */
import type { Shared } from '../shared.ts'
import type { DataCentreAddresses } from './addresses.ts'
import { demoTraffic } from './traffic/component.ts'
import { threadedVoices } from './traffic/threaded-voices.ts'

const host = '127.0.0.1'

/** Starts it last and so stops it first: its phones fall silent, and how the calls end is the nodes' to say. */
export async function startTraffic(shared: Shared, addresses: readonly DataCentreAddresses[]): Promise<void> {
  const { persons } = shared.configuration.current().objects
  const robots = persons.filter(({ simulated }) => simulated)
  const dataCentres = addresses.map(({ dc, proxies, http }) => ({
    dc,
    proxies: proxies.map(({ port }) => `${host}:${port}`),
    http: `${host}:${http}`,
    robots: robots
      .filter(({ preferredDC = addresses[0]?.dc }) => preferredDC === dc)
      .map(({ employeeId, name }) => ({ dn: employeeId, name })),
  }))
  await shared.supervisor.start(demoTraffic(threadedVoices), { dataCentres }, { name: 'demo-traffic', dc: 'all' })
}
