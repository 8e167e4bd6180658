import { millisecondsOf, timestamp } from '#platform/time.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { WrapUp } from './store.ts'

/** The interaction with its after-call work, which begins when the agent has left the call, whatever the clocks say. */
export function withWrapUps(interaction: Interaction, wrapUps: readonly WrapUp[]): Interaction {
  const segments = wrapUps.map(({ agentId, startedAt, endedAt }) => {
    const left = leftAt(interaction, agentId, startedAt)
    const from = Math.max(millisecondsOf(startedAt), left)
    const until = endedAt === null ? null : timestamp(Math.max(from, millisecondsOf(endedAt)))
    return { kind: 'wrap-up' as const, agentId, startedAt: timestamp(from), endedAt: until }
  })
  return { ...interaction, segments: [...interaction.segments, ...segments] }
}

/** An agent's clock may be another node's: up to a second early it still is the end of this visit. */
function leftAt({ parties }: Interaction, agentId: string, startedAt: string): number {
  const at = millisecondsOf(startedAt)
  const leaves = parties.flatMap((party) =>
    party.agentId === agentId && party.leftAt !== null ? [millisecondsOf(party.leftAt)] : [],
  )
  return leaves.find((left) => left >= at && left < at + 1000) ?? at
}
