/** The configuration as calls read it: where a number leads, and who calls. */
import type { Configuration } from '#protocols/model/configuration.ts'
import { rewritten } from '#protocols/model/trunk.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { escapeUser, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { own } from '#protocols/sip/message/scan.ts'
import { trunkOf } from '../model/source-field.ts'
import type { Destination, Directory, Origin } from './session-controller/ports.ts'
import { callerOf } from './sip/caller.ts'
import { dialled } from './trunks/inwards.ts'
import { outwards, uriAt } from './trunks/outwards.ts'
import type { TrunkServers } from './trunks/trunk-servers.ts'

/** `servers`: what is known of those of trunks. */
export const directoryOf = (
  configuration: () => Configuration,
  servers: Pick<TrunkServers, 'ipVersionOf'>,
): Directory => ({
  uriOf: (dn) => uriOfDN(configuration(), dn),
  destination: (number) => destination(configuration(), servers, number),
  dialled: (invite, origin) =>
    dialled(invite, origin.kind === 'trunk' ? configuration().trunk(origin.trunk) : undefined),
  isEmergency: (number) => configuration().isEmergency(number),
  hasEarlyMedia: (name) => configuration().trunk(name)?.earlyMedia ?? true,
  outwards: (name, invitation) => {
    const trunk = configuration().trunk(name)
    return trunk === undefined ? invitation : outwards(trunk, invitation)
  },
  origin: (invite) => origin(configuration(), invite),
})

const uriOfDN = ({ settings }: Configuration, dn: string): string =>
  `sip:${escapeUser(dn)}@${settings.domains[0] ?? 'ringmain'}`

function destination(
  configuration: Configuration,
  servers: Pick<TrunkServers, 'ipVersionOf'>,
  number: string,
): Destination | undefined {
  const found = configuration.destination(number)
  switch (found?.kind) {
    case 'dn':
      return { kind: 'dn', dn: number, uri: uriOfDN(configuration, number), media: found.dn.media }
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
      const ipVersion = servers.ipVersionOf(name)
      const uri = uriAt(found.trunk, number)
      return { kind: 'trunk', trunk: name, number, uri, media, ...(ipVersion && { ipVersion }) }
    }
    default:
      return undefined
  }
}

/** A From with one of our DNs is that DN, whatever trunk brought it: it has to prove it. */
function origin(configuration: Configuration, invite: Message): Origin | undefined {
  const caller = callerOf(invite)
  if (caller === undefined) return undefined
  const dn = configuration.dn(caller)
  if (dn !== undefined) return { kind: 'dn', dn: dn.number, media: dn.media }
  const trunk = configuration.trunk(trunkOf(invite) ?? '')
  if (trunk === undefined) return undefined
  return {
    kind: 'trunk',
    trunk: trunk.name,
    number: own(rewritten(trunk.rewriteIn, asserted(invite) ?? caller)),
    media: trunk.media,
  }
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
