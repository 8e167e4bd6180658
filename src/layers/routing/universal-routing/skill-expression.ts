/**
 * Skill expressions of routing targets: comparisons of skill levels joined by `&` and `|`, left side first unless
 * parenthesised, e.g. `support >= 5 & (english > 2 | spanish > 2)`. A skill nobody gave an agent has level 0.
 */
import { MalformedSkillExpression } from '../errors.ts'

export type Skills = Readonly<Record<string, number>>
export type SkillExpression = (skills: Skills) => boolean

const token = /\s*(?:([A-Za-z_][\w.-]*)|(\d+)|(>=|<=|==|!=|=|>|<|&&?|\|\|?|[()]))/y
const longest = 4096

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

function tokens(text: string): string[] {
  if (text.length > longest) throw new MalformedSkillExpression(text.slice(0, 40), `longer than ${longest} characters`)
  const found: string[] = []
  const end = text.trimEnd().length
  token.lastIndex = 0
  while (token.lastIndex < end) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw new MalformedSkillExpression(text, `unexpected "${text[at]}" at ${at + 1}`)
    found.push(match[1] ?? match[2] ?? match[3] ?? '')
  }
  return found
}

/** Throws `MalformedSkillExpression`, which says what is wrong and where. */
export function skillExpression(text: string): SkillExpression {
  const all = tokens(text)
  let at = 0

  const fail = (wanted: string): never => {
    throw new MalformedSkillExpression(text, `expected ${wanted} instead of ${all[at] ? `"${all[at]}"` : 'the end'}`)
  }
  function comparison(): SkillExpression {
    const name = all[at] ?? ''
    if (!/^[A-Za-z_]/.test(name)) fail('a skill')
    at++
    const compare = comparisons[all[at] ?? ''] ?? fail('a comparison such as >=')
    at++
    if (!/^\d+$/.test(all[at] ?? '')) fail('a level')
    const level = Number(all[at++])
    return (skills) => compare(skills[name] ?? 0, level)
  }
  function operand(depth: number): SkillExpression {
    if (depth > 100) fail('fewer parentheses')
    if (all[at] !== '(') return comparison()
    at++
    const inner = chain(depth + 1)
    if (all[at] !== ')') fail('")"')
    at++
    return inner
  }
  function chain(depth: number): SkillExpression {
    let left = operand(depth)
    while (all[at] === '&' || all[at] === '|' || all[at] === '&&' || all[at] === '||') {
      const and = all[at++]?.startsWith('&')
      const before = left
      const right = operand(depth)
      left = and ? (skills) => before(skills) && right(skills) : (skills) => before(skills) || right(skills)
    }
    return left
  }

  const expression = chain(0)
  if (at < all.length) fail('the end, & or |')
  return expression
}
