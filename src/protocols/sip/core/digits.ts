/** What branches are made of. */

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
