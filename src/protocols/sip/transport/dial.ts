/** A connection to another element: over TLS its certificate has to speak for whom we mean to reach (RFC 5922 §7.3). */
import { TlsFailed } from '#platform/runtime/errors.ts'
import type { Connection, Net, TlsCredentials } from '#platform/runtime/runtime.ts'
import { peerIdentity } from './peer-identity.ts'
import type { Hop } from './transport.ts'

/** Throws `ConnectFailed`, `TlsFailed`. */
export async function dial(
  net: Pick<Net, 'connect' | 'secure'>,
  hop: Hop,
  credentials: TlsCredentials | undefined,
): Promise<Connection> {
  const plain = await net.connect(hop)
  if (hop.protocol !== 'TLS') return plain
  const secured = await net.secure(plain, { role: 'client', credentials, serverName: hop.domain })
  const { domains, addresses } = peerIdentity(secured.verifiedPeer)
  const wanted = hop.domain === undefined ? addresses.includes(hop.host) : domains.includes(hop.domain.toLowerCase())
  if (wanted) return secured
  secured.destroy()
  throw new TlsFailed(hop, `its certificate does not name ${hop.domain ?? hop.host}`)
}
