/** Proxies and nodes of the product, each in a process of its own, as production hosts run them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProxyValue } from '#layers/voice/sip-proxy/announcements.ts'
import type { NodeEntry } from '#protocols/tlib/location.ts'
import { PeerProcess, temporaryFolder } from '../test/peers/process.ts'
import type { Given } from './processes/given.ts'

export const host = '127.0.0.1'
const dc = 'dc1'
const digestKey = 'the key all nodes share'
const sharedKey = 'the key all proxies share'

/** A program that is measured. */
export type Started = { readonly pid: number; stop(): Promise<void> }
type OwnProcess = Started & { readonly process: PeerProcess }
export type StartedProxy = OwnProcess & { readonly name: string; readonly announced: ProxyValue }
export type StartedNode = OwnProcess & { readonly announced: NodeEntry }

type Options = {
  readonly dns?: readonly string[]
  /** Those it is to be linked to; they run already. */
  readonly proxies?: readonly StartedProxy[]
  readonly nodeArgs?: readonly string[]
}

export const built = (name: string): string => join(import.meta.dirname, 'processes', `${name}.js`)

/** `count` numbers of DNs. */
export const dnNumbers = (count: number): string[] => Array.from({ length: count }, (_, at) => String(100_001 + at))

/** A link to another proxy is opened by the one whose name is less: start it last. */
export async function startProxy(name: string, port: number, options: Options = {}): Promise<StartedProxy> {
  const listen = [{ host, port, transports: ['udp'] }]
  const { announced, ...started } = await startProcess('sip-proxy', { name, dc, listen, sharedKey }, options)
  return { name, announced: announced as ProxyValue, ...started }
}

export async function startNode(options: Options): Promise<StartedNode> {
  const folder = temporaryFolder('bench-spool')
  const config = { name: 'node1', dc, number: 1, spool: { directory: folder.path }, digestKey }
  const { announced, stop, ...started } = await startProcess('sip-server', config, options)
  return { ...started, announced: announced as NodeEntry, stop: () => stop().finally(folder.remove) }
}

async function startProcess(program: string, config: object, { dns = [], proxies = [], nodeArgs = [] }: Options) {
  const announced = Object.fromEntries(proxies.map((one) => [`sip-proxy/${dc}/${one.name}`, one.announced]))
  const given: Given = { config, dns, announced }
  // Not as an argument: a system takes 128 KB in one.
  const folder = temporaryFolder('bench-given')
  const file = join(folder.path, 'given.json')
  writeFileSync(file, JSON.stringify(given))
  const child = new PeerProcess('node', [...nodeArgs, built(program), file])
  const stop = () => child.stop('SIGTERM')
  try {
    const [, text = ''] = await child.printed(/^ready (.+)$/m)
    return { pid: child.child.pid ?? 0, process: child, announced: JSON.parse(text) as unknown, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    folder.remove()
  }
}
