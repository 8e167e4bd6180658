/** The test of a trunk by every proxy; who waits is told for what, and what each proxy has found. */
import { setTimeout as wait } from 'node:timers/promises'
import type { TrunkStatus } from '#protocols/model/http/trunks.ts'
import type { Server } from './server.ts'
import type { Terminal } from './terminal.ts'
import { health } from './trunk-health.ts'

type Proxies = TrunkStatus['proxies']

/** ms between two looks at how far the proxies are. */
const lookEvery = 500

/** What came of it, and which proxies have not told. */
export async function testTrunk(
  server: Server,
  name: string,
  terminal: Terminal,
): Promise<{ readonly status: TrunkStatus; readonly late: readonly string[] }> {
  const before = await proxiesOf(server, name)
  const testing = server.send<TrunkStatus>('POST', `/api/v1/trunks/${encodeURIComponent(name)}/test`, {})
  await follow(server, name, before, testing, terminal)
  const status = await testing
  const isLate = (proxy: string) => status.proxies[proxy]?.tested === before[proxy]?.tested
  return { status, late: Object.keys(status.proxies).filter(isLate) }
}

async function follow(server: Server, name: string, before: Proxies, testing: Promise<unknown>, terminal: Terminal) {
  const isOver = testing.then(
    () => true,
    () => true,
  )
  let known = before
  while (!(await Promise.race([isOver, wait(lookEvery, false)]))) {
    const count = Object.keys(before).length
    if (known === before)
      terminal.err(`${count} proxies ask the servers of ${name}; one that does not answer is waited for 32 s at most`)
    const now = await proxiesOf(server, name)
    for (const [proxy, found] of Object.entries(now))
      if (found.tested !== known[proxy]?.tested) terminal.err(`${proxy}: ${health([found])}`)
    known = now
  }
}

async function proxiesOf(server: Server, trunk: string): Promise<Proxies> {
  const all = await server.get<TrunkStatus[]>('/api/v1/trunks')
  return all.find(({ name }) => name === trunk)?.proxies ?? {}
}
