/** What a call that comes in by a trunk asks for. */
import type { Trunk } from '#protocols/model/objects.ts'
import { rewritten } from '#protocols/model/trunk.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'

/**
 * The user part of the Request-URI. A provider where we register sends to our Contact, which names the account: then it
 * is To that names the number, and where that names the account, too, the trunk's own. Throws `MalformedMessage`.
 */
export function dialled(invite: Message, trunk: Trunk | undefined): string {
  const asked = unescapeText(parseURI(invite.requestURI).user)
  if (trunk === undefined) return asked
  const account = trunk.credentials?.username
  if (trunk.registration === undefined || asked !== account) return rewritten(trunk.rewriteIn, asked)
  const addressed = unescapeText(uriIn(invite.header('To') ?? '').user)
  const unnamed = addressed === '' || addressed === account
  return unnamed ? (trunk.incoming ?? asked) : rewritten(trunk.rewriteIn, addressed)
}
