/** The servers of a trunk as URIs: which ports and addresses they have, where they name none, the DNS says. */
import type { Trunk } from '#protocols/model/objects.ts'
import { parseURI, type URI } from '#protocols/sip/message/headers/uri.ts'

export const serverURIs = (trunk: Trunk, hosts: readonly string[]): readonly URI[] =>
  hosts.map((host) => parseURI(serverText(trunk, host)))

/** `sip:host:port;transport=…`. */
export const serverText = ({ transport }: Trunk, host: string): string => `sip:${host};transport=${transport}`
