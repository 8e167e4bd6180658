/** The SIP Server nodes as coordination announces them (key `sip-server/<dc>/<node>`). */
import type { Address } from '#platform/runtime/runtime.ts'

export type NodeEntry = {
  readonly name: string
  readonly dc: string
  readonly tlib: { readonly sessionController: Address; readonly tController: Address }
}

/** Entries that cannot be read are left out: a node of a newer release must not stop routing to the others. */
export function nodesOf(entries: ReadonlyMap<string, string>): NodeEntry[] {
  return [...entries].flatMap(([key, value]) => {
    const [, dc, name] = key.split('/')
    try {
      const { tlib } = JSON.parse(value) as { tlib?: NodeEntry['tlib'] }
      return dc && name && tlib?.sessionController && tlib.tController ? [{ name, dc, tlib }] : []
    } catch {
      return []
    }
  })
}
