/** ConnIDs: 64 bits as 16 hex digits: node (16), the node's epoch (16), counter (32), so that anybody finds the owner. */
export type ConnID = { readonly node: number; readonly epoch: number; readonly counter: number }

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')

export const formatConnID = ({ node, epoch, counter }: ConnID): string =>
  hex(node & 0xffff, 4) + hex(epoch & 0xffff, 4) + hex(counter >>> 0, 8)

/** `undefined` where the text is no ConnID. */
export function parseConnID(text: string): ConnID | undefined {
  if (!/^[0-9a-f]{16}$/.test(text)) return undefined
  return {
    node: Number.parseInt(text.slice(0, 4), 16),
    epoch: Number.parseInt(text.slice(4, 8), 16),
    counter: Number.parseInt(text.slice(8), 16),
  }
}

/** Gives the ConnIDs of one instance of a node, each once. */
export function connIDs(node: number, epoch: number): () => string {
  const prefix = hex(node & 0xffff, 4) + hex(epoch & 0xffff, 4)
  let counter = 0
  return () => {
    counter = (counter + 1) >>> 0
    return prefix + hex(counter, 8)
  }
}
