/** All records of history that match, page by page. */
import type { Interaction, InteractionPage } from '#protocols/model/http/calls.ts'
import type { ApiClient } from './api.ts'

export async function interactions(client: ApiClient, query: string): Promise<Interaction[]> {
  const all: Interaction[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const next = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: InteractionPage = await client.get(`/api/v1/interactions?${query}&limit=500${next}`)
    all.push(...page.items)
    cursor = page.cursor
  }
  return all
}
