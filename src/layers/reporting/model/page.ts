/** Pages of the history, newest first: a cursor names the last interaction that was told. */
import type { Interaction } from '#protocols/model/http/calls.ts'

/** By start, then callUUID, both descending. */
export type Place = Pick<Interaction, 'startedAt' | 'callUUID'>

const cursorOf = ({ startedAt, callUUID }: Place): string =>
  Buffer.from(JSON.stringify([startedAt, callUUID])).toString('base64url')

/** `undefined` where the text is no cursor of ours. */
export function placeOf(cursor: string): Place | undefined {
  try {
    const [startedAt, callUUID] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const read = typeof startedAt === 'string' && typeof callUUID === 'string'
    return read && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(startedAt) ? { startedAt, callUUID } : undefined
  } catch {
    return undefined
  }
}

/** Of one more than asked for, the page: is there another, a cursor leads to it. */
export function pageOf(found: readonly Interaction[], limit: number) {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, ...(found.length > limit && last && { cursor: cursorOf(last) }) }
}

/** Those who had the call or were offered it. */
export const agentsOf = ({ parties }: Interaction): string[] => [
  ...new Set(parties.flatMap(({ agentId }) => (agentId === undefined ? [] : [agentId]))),
]
