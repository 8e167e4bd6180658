import { ClusterError } from '#platform/errors.ts'

export class MalformedSkillExpression extends ClusterError {
  constructor(expression: string, problem: string) {
    super('ROUTING_SKILL_EXPRESSION', `the skill expression "${expression}" cannot be read: ${problem}`)
  }
}

/** A strategy that is no valid SCXML, or uses what is not available yet. `line` and `column` start at 1. */
export class MalformedStrategy extends ClusterError {
  readonly line: number
  readonly column: number
  constructor(strategy: string, problem: string, line: number, column: number) {
    super('ROUTING_STRATEGY', `strategy ${strategy}, line ${line}, column ${column}: ${problem}`)
    this.line = line
    this.column = column
  }
}

/** What a strategy did at run time that ends its session: it threw, looped, or asked for what does not exist. */
export class StrategyFailed extends ClusterError {
  constructor(strategy: string, problem: string, options?: ErrorOptions) {
    super('ROUTING_STRATEGY_FAILED', `strategy ${strategy}: ${problem}`, options)
  }
}
