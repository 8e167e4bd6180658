/** What branches are made of. */

/** The hash of nothing. */
export const none = 0x811c9dc5

/** Seven digits of base 32: what `toString` does for a base of one's choice costs a call into the engine's runtime. */
export const digits = (value: number): string =>
  String.fromCharCode(
    digit(value >>> 30),
    digit(value >>> 25),
    digit(value >>> 20),
    digit(value >>> 15),
    digit(value >>> 10),
    digit(value >>> 5),
    digit(value),
  )
const digit = (value: number): number => 'abcdefghijklmnopqrstuvwxyz234567'.charCodeAt(value & 31)

/** FNV-1a: the hash of what `start` is the hash of, and of this. */
export function add(start: number, text: string): number {
  let hash = start
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}
