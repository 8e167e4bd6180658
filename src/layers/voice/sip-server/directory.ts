/** The configuration as calls read it: where a number leads, and who calls. */
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { escapeUser, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { own } from '#protocols/sip/message/scan.ts'
import { trunkOf } from '../model/source-field.ts'
import type { Destination, Directory, Origin } from './session-controller/ports.ts'
import { callerOf } from './sip/caller.ts'

export const directoryOf = (configuration: () => Configuration): Directory => ({
  uriOf: (dn) => `sip:${escapeUser(dn)}@${configuration().settings.domains[0] ?? 'ringmain'}`,
  destination: (number) => destination(configuration(), number),
  origin: (invite) => origin(configuration(), invite),
})

function destination(configuration: Configuration, number: string): Destination | undefined {
  const found = configuration.destination(number)
  switch (found?.kind) {
    case 'dn':
      return { kind: 'dn', dn: number, media: found.dn.media }
    case 'routing-point': {
      const { media, defaultDestination } = found.routingPoint
      return { kind: 'routing-point', dn: number, media, ...(defaultDestination && { defaultDestination }) }
    }
    case 'service': {
      const { service, prompt } = found.service
      return { kind: 'service', dn: number, service, ...(prompt && { prompt }) }
    }
    case 'trunk': {
      const { name, media } = found.trunk
      return { kind: 'trunk', trunk: name, number, uri: outwards(found.trunk, number), media }
    }
    default:
      return undefined
  }
}

const outwards = ({ destination = '', transport }: Trunk, number: string): string =>
  `sip:${escapeUser(number)}@${destination}${transport === 'udp' ? '' : `;transport=${transport}`}`

/** A From with one of our DNs is that DN, whatever trunk brought it: it has to prove it. */
function origin(configuration: Configuration, invite: Message): Origin | undefined {
  const caller = callerOf(invite)
  if (caller === undefined) return undefined
  const dn = configuration.dn(caller)
  if (dn !== undefined) return { kind: 'dn', dn: dn.number, media: dn.media }
  const trunk = configuration.trunk(trunkOf(invite) ?? '')
  if (trunk === undefined) return undefined
  return { kind: 'trunk', trunk: trunk.name, number: own(asserted(invite) ?? caller), media: trunk.media }
}

/** RFC 3325 §5: what a trusted trunk asserts is the caller, whatever From says. */
function asserted(invite: Message): string | undefined {
  const value = invite.header('P-Asserted-Identity')
  if (value === undefined) return undefined
  try {
    return unescapeText(uriOf(parseNameAddr(value)).user) || undefined
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
