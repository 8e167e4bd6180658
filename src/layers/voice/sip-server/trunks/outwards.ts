/** An INVITE as it goes out by a trunk: whom it calls there, who is shown as its caller, what proves us. */
import type { Trunk } from '#protocols/model/objects.ts'
import { hostOf, rewritten } from '#protocols/model/trunk.ts'
import type { Fields } from '#protocols/sip/core/session.ts'
import type { Invitation } from '#protocols/sip/core/user-agent.ts'
import { formatNameAddr, parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { escapeUser, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import { trunkField } from '../../model/source-field.ts'
import { identityOf } from '../../model/trunk-identity.ts'

/** The Request-URI of a number. A domain stands by itself: how its servers are reached is not said in it. */
export function uriAt(trunk: Trunk, number: string): string {
  const transport = trunk.transport === 'udp' || trunk.domain !== undefined ? '' : `;transport=${trunk.transport}`
  return `sip:${escapeUser(rewritten(trunk.rewriteOut, number))}@${hostOf(trunk)}${transport}`
}

export function outwards(trunk: Trunk, invitation: Invitation): Invitation {
  const { from, fields = [] } = invitation
  const { from: named, assert } = trunk.callerID ?? { from: 'caller', assert: true }
  const account = named === 'account' ? trunk.credentials?.username : undefined
  return {
    ...invitation,
    from: shown(trunk, from, account),
    fields: [...fields.flatMap((field) => asserted(trunk, field, assert)), [trunkField, trunk.name]],
    identity: identityOf(trunk),
  }
}

/** RFC 3325: who calls, where the provider is to know it. */
function asserted(trunk: Trunk, [name, value]: Fields[number], assert: boolean): Fields {
  if (name !== 'P-Asserted-Identity') return [[name, value]]
  return assert ? [[name, shown(trunk, value)]] : []
}

/** An address of ours as the trunk shows it: its number, in the provider's form, at the provider's domain. */
function shown({ domain, callerID, rewriteOut }: Trunk, nameAddr: string, account?: string): string {
  const parsed = parseNameAddr(nameAddr)
  const { user, host } = uriOf(parsed)
  // RFC 3323 §4.1.1.3: who wants to be nobody shows no number, not the trunk's either.
  if (host === 'anonymous.invalid' && account === undefined) return nameAddr
  const number = account ?? callerID?.number ?? rewritten(rewriteOut, unescapeText(user))
  if (domain === undefined && number === unescapeText(user)) return nameAddr
  return formatNameAddr({ displayName: parsed.displayName, uri: `sip:${escapeUser(number)}@${domain ?? host}` })
}
