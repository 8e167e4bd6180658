/** Who could take a call of a routing point, as its parameter `skills` says: the figure "ready" of queues counts them. */
import { MalformedSkillExpression } from '#layers/routing/errors.ts'
import { type SkillExpression, skillExpression } from '#layers/routing/universal-routing/skill-expression.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Person } from '#protocols/model/objects.ts'

/** Everybody, where the strategy asks the caller first, so that nothing is said beforehand. */
export function couldTake(configuration: ConfigurationSource): (routingPoint: string, person: Person) => boolean {
  const known = new Map<string, SkillExpression>()
  return (routingPoint, { skills }) => {
    const text = configuration.current().routingPoint(routingPoint)?.parameters.skills
    if (typeof text !== 'string') return true
    const expression = known.get(text) ?? parsed(text)
    known.set(text, expression)
    return expression(skills)
  }
}

/** The router takes nobody by an expression that it cannot read. */
function parsed(text: string): SkillExpression {
  try {
    return skillExpression(text)
  } catch (error) {
    if (!(error instanceof MalformedSkillExpression)) throw error
    return () => false
  }
}
