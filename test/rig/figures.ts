/** Figures of a running demo, from its `/metrics`. */
import { demoPorts } from './ports.ts'

type Sample = { readonly labels: string; readonly value: number }

/** All samples of one metric, without its prefix `ringmain_`; labels as Prometheus writes them. */
export async function samples(name: string): Promise<Sample[]> {
  const text = await (await fetch(`http://127.0.0.1:${demoPorts.http}/metrics`)).text()
  const line = new RegExp(`^ringmain_${name}(?:{(.*)})? (\\S+)$`, 'gm')
  return [...text.matchAll(line)].map(([, labels = '', value]) => ({ labels, value: Number(value) }))
}

/** Of all proxies, nodes, Resource Managers and media servers. */
export async function openTransactions(): Promise<number> {
  return (await samples('sip_transactions')).reduce((sum, { value }) => sum + value, 0)
}
