/** TLS of Node.js: OpenSSL under a connection that is open. */
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { BadCertificate, TlsFailed } from '#platform/runtime/errors.ts'
import type { Address, TlsCredentials, TlsEnd, TlsPem } from '#platform/runtime/runtime.ts'
import type { NodeClock } from './clock.ts'

const handshakeLimitMs = 10_000
const minVersion = 'TLSv1.2'

export class NodeCredentials implements TlsCredentials {
  readonly subjectAltName: string
  readonly validFrom: number
  readonly validTo: number
  readonly selfSigned: boolean
  readonly asksPeers: boolean
  readonly pem: TlsPem
  readonly context: SecureContext

  constructor(pem: TlsPem) {
    const { certificate, key, authorities } = pem
    const read = readCertificate(certificate)
    this.pem = pem
    this.subjectAltName = read.subjectAltName ?? ''
    this.validFrom = Date.parse(read.validFrom)
    this.validTo = Date.parse(read.validTo)
    this.selfSigned = read.checkIssued(read)
    this.asksPeers = authorities !== undefined
    this.context = contextOf(certificate, key, authorities)
  }
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new BadCertificate('there is no certificate in PEM', { cause: error })
  }
}

function contextOf(cert: string, key: string, ca: string | undefined): SecureContext {
  try {
    return createSecureContext({ cert, key, minVersion, ...(ca === undefined ? {} : { ca }) })
  } catch (error) {
    throw new BadCertificate(reasonOf(error as NodeJS.ErrnoException), { cause: error })
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key is not that of the certificate'
  if (code === 'ERR_OSSL_BAD_DECRYPT' || code === 'ERR_MISSING_PASSPHRASE') return 'the key is encrypted: decrypt it'
  return `the certificate or its key cannot be used: ${message}`
}

/** Resolves when both sides have agreed. */
export function secureSocket(clock: NodeClock, socket: Socket, remote: Address, end: TlsEnd): Promise<TLSSocket> {
  const credentials = end.credentials === undefined ? undefined : (end.credentials as NodeCredentials)
  const secured =
    end.role === 'server'
      ? accepted(socket, credentials, credentials?.asksPeers === true && end.anonymous !== true)
      : dialled(socket, credentials, end.serverName)
  return new Promise((resolve, reject) => {
    const failed = (reason: string, cause?: unknown) => {
      limit.cancel()
      secured.destroy()
      socket.destroy()
      reject(new TlsFailed(remote, reason, { cause }))
    }
    const limit = clock.after(handshakeLimitMs, () => failed(`no handshake in ${handshakeLimitMs / 1000} s`))
    const closed = () => failed('the other side closed the connection')
    const broken = (error: Error) => failed(error.message, error)
    secured.once('error', broken).once('close', closed)
    secured.once(end.role === 'server' ? 'secure' : 'secureConnect', () => {
      limit.cancel()
      secured.removeListener('error', broken).removeListener('close', closed)
      resolve(secured)
    })
  })
}

function accepted(socket: Socket, credentials: NodeCredentials | undefined, requestCert: boolean): TLSSocket {
  return new TLSSocket(socket, {
    isServer: true,
    secureContext: credentials?.context,
    requestCert,
    // Somebody without a certificate that we believe is a stranger, not an error.
    rejectUnauthorized: false,
  })
}

function dialled(socket: Socket, credentials: NodeCredentials | undefined, serverName: string | undefined): TLSSocket {
  return connect({
    socket,
    minVersion,
    ...(credentials === undefined ? {} : { secureContext: credentials.context }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  })
}

/** What a certificate that we believe names at the other end. */
export function verifiedPeer(secured: TLSSocket, { role }: TlsEnd): string | undefined {
  // Only a server of Node's own tells `authorized` of those it accepts; what it asks for that is this.
  const { ssl } = secured as TLSSocket & { ssl?: { verifyError?(): Error | null } }
  const believed = role === 'client' ? secured.authorized : ssl?.verifyError?.() === null
  return believed ? secured.getPeerX509Certificate()?.subjectAltName : undefined
}
