/** Whether every call has exactly one interaction, with segments that meet and sum up (rule 17 of the event flows). */
import type { History } from '#layers/reporting/model/store.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'

export async function faultsOfInteractions(history: History, callUUIDs: ReadonlySet<string>): Promise<string[]> {
  const interactions = await all(history)
  const stored = new Set(interactions.map(({ callUUID }) => callUUID))
  return [
    ...[...callUUIDs].filter((callUUID) => !stored.has(callUUID)).map((callUUID) => `${callUUID} has no interaction`),
    ...[...stored].filter((callUUID) => !callUUIDs.has(callUUID)).map((callUUID) => `${callUUID} is no call`),
    ...interactions.flatMap(faultsOf),
  ]
}

async function all(history: History): Promise<Interaction[]> {
  const found: Interaction[] = []
  let cursor: string | undefined
  do {
    const page = await history.list({ limit: 200, ...(cursor !== undefined && { cursor }) })
    found.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

function faultsOf({ callUUID, startedAt, endedAt, ending, segments, missingEvents }: Interaction): string[] {
  const faults: string[] = []
  const say = (fault: string) => faults.push(`${callUUID} ${fault}`)
  if (endedAt === null || ending === null) say('has not ended')
  if (missingEvents !== undefined) say(`lacks ${missingEvents} events`)
  // Wrap-up comes after the call, a consultation beside it.
  const inCall = segments.filter(({ kind }) => kind !== 'wrap-up' && kind !== 'consult')
  let at = startedAt
  for (const segment of inCall) {
    if (segment.startedAt !== at)
      say(`${segment.kind} begins at ${segment.startedAt}, what was before it ended at ${at}`)
    at = segment.endedAt ?? 'no time'
  }
  if (inCall.length > 0 && at !== endedAt) say(`ends at ${endedAt}, its last segment at ${at}`)
  return faults
}
