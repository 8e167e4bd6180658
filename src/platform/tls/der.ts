/** Writes the few DER types an X.509 certificate is made of (X.690). */

export const tagged = (tag: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tag]), length(content), content])

function length({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.from([length])
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff])
}

export const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
export const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts))
export const octets = (content: Buffer): Buffer => tagged(0x04, content)
export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8'))
export const yes: Buffer = tagged(0x01, Buffer.from([0xff]))
/** Whole bytes only. */
export const bits = (content: Buffer): Buffer => tagged(0x03, Buffer.concat([Buffer.alloc(1), content]))
/** A positive number, as it stands in memory. */
export const integer = (content: Buffer): Buffer =>
  tagged(0x02, (content[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), content]) : content)
/** `[number]`, around something. */
export const explicit = (number: number, content: Buffer): Buffer => tagged(0xa0 | number, content)
/** `[number]`, instead of the type's own tag. */
export const implicit = (number: number, content: Buffer): Buffer => tagged(0x80 | number, content)

/** From its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([40 * first + second, ...rest.flatMap(base128)]))
}

function base128(number: number): number[] {
  const groups = [number & 0x7f]
  for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
  return groups
}
