/** TLS of Node.js: OpenSSL under a connection that is open. */
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
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
  /** What a client of ours shows and believes. */
  readonly context: SecureContext
  /** Where others ask for nothing but ours, and where they are asked for theirs. */
  private readonly anonymous: Acceptor
  private readonly asking: Acceptor

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
    this.anonymous = new Acceptor(pem, false)
    this.asking = this.asksPeers ? new Acceptor(pem, true) : this.anonymous
  }

  acceptor(anonymous: boolean): Acceptor {
    return anonymous ? this.anonymous : this.asking
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

/** Told of one handshake. */
type Outcome = { done(secured: TLSSocket): void; failed(reason: string, cause?: unknown): void }

/** The accepting ends of TLS that show the same: a server of Node's that listens nowhere and is handed its connections. */
class Acceptor {
  private readonly server: Server
  private readonly open = new Map<string, Outcome>()

  constructor({ certificate: cert, key, authorities: ca }: TlsPem, requestCert: boolean) {
    // Somebody without a certificate that we believe is a stranger, not an error.
    const asking = { requestCert, rejectUnauthorized: false }
    this.server = createServer({ cert, key, minVersion, ...asking, ...(ca === undefined ? {} : { ca }) })
    this.server.on('secureConnection', (secured) => this.open.get(placeOf(secured))?.done(secured))
    this.server.on('tlsClientError', (error, secured) => this.open.get(placeOf(secured))?.failed(error.message, error))
  }

  accept(socket: Socket, outcome: Outcome): void {
    const place = placeOf(socket)
    this.open.set(place, outcome)
    socket.once('close', () => {
      this.open.delete(place)
      outcome.failed(closedByPeer)
    })
    this.server.emit('connection', socket)
  }
}

const placeOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
const closedByPeer = 'the other side closed the connection'

/**
 * Resolves when both sides have agreed, with what `take` makes of the socket. It is called in that very turn: what follows
 * the handshake may be the end already, and nobody else would hear of it.
 */
export function secureSocket<T>(
  clock: NodeClock,
  { socket, remote }: { readonly socket: Socket; readonly remote: Address },
  end: TlsEnd,
  take: (secured: TLSSocket) => T,
): Promise<T> {
  const credentials = end.credentials === undefined ? undefined : (end.credentials as NodeCredentials)
  return new Promise((resolve, reject) => {
    let over = false
    const outcome: Outcome = {
      done(secured) {
        over = true
        limit.cancel()
        resolve(take(secured))
      },
      failed(reason, cause) {
        if (over) return
        over = true
        limit.cancel()
        socket.destroy()
        reject(new TlsFailed(remote, reason, { cause }))
      },
    }
    const limit = clock.after(handshakeLimitMs, () => outcome.failed(`no handshake in ${handshakeLimitMs / 1000} s`))
    if (end.role === 'server') credentials?.acceptor(end.anonymous === true).accept(socket, outcome)
    else dial(socket, credentials, end.serverName, outcome)
  })
}

function dial(
  socket: Socket,
  credentials: NodeCredentials | undefined,
  serverName: string | undefined,
  outcome: Outcome,
): void {
  const secured = connect({
    socket,
    minVersion,
    ...(credentials === undefined ? {} : { secureContext: credentials.context }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  })
  // Stays, so that an error in the turn of the handshake is nobody's crash.
  secured.on('error', (error) => outcome.failed(error.message, error))
  secured.once('close', () => outcome.failed(closedByPeer))
  secured.once('secureConnect', () => outcome.done(secured))
}

/** What a certificate that we believe names at the other end. */
export const verifiedPeer = (secured: TLSSocket): string | undefined =>
  secured.authorized ? secured.getPeerX509Certificate()?.subjectAltName : undefined
