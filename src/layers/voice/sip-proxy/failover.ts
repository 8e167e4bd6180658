/**
 * How the servers of one name are tried one after the other (RFC 3263 §4.3): the next one after a 503, a transport that
 * fails and no answer. Any other response is the answer.
 */
import type { Locator } from '#protocols/sip/core/locating/locator.ts'
import type { Forward } from '#protocols/sip/core/proxy-copy.ts'
import type { Response } from '#protocols/sip/core/proxy-response-context.ts'
import { Message } from '#protocols/sip/message/message.ts'
import { decimal } from '#protocols/sip/message/scan.ts'

/** ms: a server that lives says 100 at once, and a caller hears nothing meanwhile; timer B would take 32 s. */
const patience = 4_000

export const failover = (servers: Pick<Locator, 'avoid'>): Required<Pick<Forward, 'goesOn' | 'patience' | 'told'>> => ({
  patience,
  goesOn: isElsewhere,
  told: ({ hop }, response) => {
    if (isElsewhere(response)) servers.avoid(hop, retryAfter(response))
  },
})

/** What was made here says that this server did not answer; a 408 of its own is its answer. */
const isElsewhere = (response: Response): boolean => response.status === 503 || isSilence(response)
const isSilence = (response: Response): boolean => response.status === 408 && !(response instanceof Message)

/** RFC 3261 §21.5.4, in seconds. */
function retryAfter(response: Response): number {
  const value = response instanceof Message ? response.header('Retry-After') : undefined
  const seconds = decimal(/^\d+/.exec(value ?? '')?.[0] ?? '', 86_400)
  return Number.isNaN(seconds) ? 0 : seconds
}
