/**
 * What a proxy tells a node of who sent a request: `trunk=carrier;address=…` or `endpoint;address=…`, in a header field
 * of our own that nobody outside can set. Over TLS `;certificate=carrier.example` tells whom the certificate of the other
 * side speaks for, where it showed one that we believe.
 */
import type { Message } from '#protocols/sip/message/message.ts'

export const sourceField = 'X-Ringmain-Source'

/** What a node tells a proxy: by which trunk a request goes out. Nobody outside sees it. */
export const trunkField = 'X-Ringmain-Trunk'

export const trunkSource = (trunk: string, address: string): string => `trunk=${trunk};address=${address}`
export const endpointSource = (address: string): string => `endpoint;address=${address}`

/** The name of the trunk a request came in by. */
export function trunkOf(request: Message): string | undefined {
  const [who = ''] = (request.header(sourceField) ?? '').split(';')
  return who.startsWith('trunk=') ? who.slice('trunk='.length) : undefined
}
