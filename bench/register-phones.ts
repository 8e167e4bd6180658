/** Registers the phones of DNs, all with one contact. */
import { Sipp } from '../test/peers/sipp.ts'
import { host } from './cluster.ts'

export type Registering = {
  /** The port of the proxy, the one SIPp takes for it, and the one the phones are at. */
  readonly proxy: number
  readonly port: number
  readonly contact: number
  readonly dns: readonly string[]
}

export async function registerPhones({ proxy, port, contact, dns }: Registering): Promise<void> {
  const result = await Sipp.run({
    scenario: 'register',
    remote: `${host}:${proxy}`,
    port,
    calls: dns.length,
    rate: 500,
    keys: { contact: String(contact), expires: '3600' },
    lines: dns.map((number) => `${number};[authentication username=${number} password=demo]`),
    args: ['-auth_uri', 'ringmain'],
  })
  if (result.code !== 0 || result.failed > 0) throw new Error(`phones did not register:\n${result.output}`)
}
