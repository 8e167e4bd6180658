/**
 * A carrier names another server of its own for the number it was given (RFC 3261 §8.1.3.4, §21.3.3), as those do that
 * choose routes for others: the party stays, its INVITE goes there.
 */
import type { Leg } from './call.ts'
import { callAgain } from './endpoints.ts'
import type { InputOf } from './input.ts'
import { mostRedirections } from './redirecting.ts'
import type { Turn } from './turn.ts'

/** `loop`: it goes round in circles, or for too long. `no`: that is not what it says. */
export type Move = 'moved' | 'loop' | 'no'

/** `partner`: whose description the INVITE has. */
export function move(turn: Turn, input: InputOf<'failed'>, partner: Leg | undefined): Move {
  const former = turn.leg(input.leg)
  const party = turn.partyOn(input.leg)
  if (former?.target === undefined || party?.external !== true) return 'no'
  const contact = input.contacts?.find(({ number, target }) => target?.kind === 'trunk' && number === party.dn)
  if (contact?.target?.kind !== 'trunk') return 'no'
  const tried = [...(former.tried ?? []), former.target.uri]
  if (tried.length > mostRedirections || tried.includes(contact.uri)) return 'loop'
  const { id } = callAgain(turn, former, { ...contact.target, uri: contact.uri }, partner)
  turn.setLeg(id, { tried })
  return 'moved'
}
