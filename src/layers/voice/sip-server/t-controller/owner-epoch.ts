/**
 * The term of an owner over a DN, one number that grows whenever the DN changes hands: how often it did (21 bits), the
 * epoch of the node's instance (16) and the node's number (16). The low 32 bits name the instance that numbers events.
 */

const instances = 2 ** 32

export const ownerEpochOf = (order: number, { epoch, number }: { epoch: number; number: number }): number =>
  order * instances + (epoch % 65536) * 65536 + number

/** How often the DN changed hands before. */
export const orderOf = (ownerEpoch: number): number => Math.floor(ownerEpoch / instances)
