/** Patterns of dialled numbers: `XXXXX!` is five digits and more. Matching is linear in the number's length. */

const classes: Record<string, string> = { X: '[0-9]', Z: '[1-9]', N: '[2-9]', '.': '[0-9]+', '!': '[0-9]*' }

export type NumberPattern = { readonly text: string; matches(number: string): boolean }

/** `undefined` where `text` is no pattern. */
export function numberPattern(text: string): NumberPattern | undefined {
  if (!/^[0-9+*#XZN]{0,64}[.!]?$/.test(text) || text === '') return undefined
  const source = [...text].map((symbol) => classes[symbol] ?? symbol.replace(/[+*]/, '\\$&')).join('')
  const expression = new RegExp(`^${source}$`)
  return { text, matches: (number) => number.length <= 64 && expression.test(number) }
}
