/** An INVITE as it goes out by a trunk: whom it calls there, who is shown as its caller, what proves us. */
import type { Trunk } from '#protocols/model/objects.ts'
import { hostOf } from '#protocols/model/trunk.ts'
import type { Fields } from '#protocols/sip/core/session.ts'
import type { Invitation } from '#protocols/sip/core/user-agent.ts'
import { formatNameAddr, parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { escapeUser, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import { trunkField } from '../../model/source-field.ts'
import { identityOf } from '../../model/trunk-identity.ts'

/** The Request-URI of a number. A domain stands by itself: how its servers are reached is not said in it. */
export function uriAt(trunk: Trunk, number: string): string {
  const transport = trunk.transport === 'udp' || trunk.domain !== undefined ? '' : `;transport=${trunk.transport}`
  return `sip:${escapeUser(number)}@${hostOf(trunk)}${transport}`
}

export function outwards(trunk: Trunk, invitation: Invitation): Invitation {
  const { from, fields = [] } = invitation
  const asserted: Fields = fields.map(([name, value]) =>
    name === 'P-Asserted-Identity' ? [name, there(trunk, value)] : [name, value],
  )
  return {
    ...invitation,
    from: there(trunk, from),
    fields: [...asserted, [trunkField, trunk.name]],
    identity: identityOf(trunk),
  }
}

/** An address of ours as one at the provider, where the trunk names its domain. */
function there({ domain }: Trunk, nameAddr: string): string {
  if (domain === undefined) return nameAddr
  const parsed = parseNameAddr(nameAddr)
  const { user } = uriOf(parsed)
  return formatNameAddr({ displayName: parsed.displayName, uri: `sip:${escapeUser(unescapeText(user))}@${domain}` })
}
