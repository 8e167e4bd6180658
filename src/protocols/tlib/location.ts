/** Where the T-Library ports of the nodes are: what a node announces and its clients watch (architecture §11). */
import type { Coordination } from '#platform/coordination/coordination.ts'
import type { Address, Timer } from '#platform/runtime/runtime.ts'

export type NodeEntry = {
  /** The node's number in its ConnIDs. */
  readonly node: number
  readonly epoch: number
  readonly geoLocation: string
  readonly tlib: {
    readonly sessionController: Address
    readonly tController: Address
    readonly interactionProxy: Address
  }
  /** Where other nodes' T-Controllers reach it. */
  readonly mesh?: Address
}
export type PortName = keyof NodeEntry['tlib']
export type FoundNode = { readonly dc: string; readonly name: string; readonly entry: NodeEntry }

const prefix = 'sip-server/'
export const nodeKey = (dc: string, name: string): string => `${prefix}${dc}/${name}`

/** Tells the nodes of a DC, or of all, first soon after the call and then at every change. */
export function watchNodes(
  coordination: Coordination,
  changed: (nodes: readonly FoundNode[]) => void,
  dc?: string,
): Timer {
  return coordination.watch(dc === undefined ? prefix : `${prefix}${dc}/`, (entries) => {
    const found: FoundNode[] = []
    for (const [key, value] of entries) {
      const [, inDC = '', ...name] = key.split('/')
      found.push({ dc: inDC, name: name.join('/'), entry: JSON.parse(value) as NodeEntry })
    }
    changed(found)
  })
}
