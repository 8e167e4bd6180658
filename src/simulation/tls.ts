/**
 * TLS of the virtual network: the handshake shows certificates and judges them as TLS does, the bytes after it stay in
 * plain, so that a run is the same to the last byte each time.
 */
import { X509Certificate } from 'node:crypto'
import { TlsFailed } from '#platform/runtime/errors.ts'
import { NodeCredentials } from '#platform/runtime/node/tls.ts'
import type { Address, Connection, TlsEnd } from '#platform/runtime/runtime.ts'
import type { Life } from './host.ts'

const handshakeLimit = 10_000
/** As TLS begins, and then the length of what follows. */
const magic = 0x16
const header = 3

/** Resolves when both sides have shown themselves. */
export function secureVirtually(life: Life, plain: Connection, end: TlsEnd): Promise<Connection> {
  return new Promise((resolve, reject) => new Handshake(life, plain, end, resolve, reject))
}

class Handshake {
  private readonly plain: Connection
  private readonly end: TlsEnd
  private readonly resolve: (connection: Connection) => void
  private readonly reject: (error: TlsFailed) => void
  private readonly secured: SecuredConnection
  private readonly limit: { cancel(): void }
  private early: Buffer = Buffer.alloc(0)
  private over = false

  constructor(
    life: Life,
    plain: Connection,
    end: TlsEnd,
    resolve: (connection: Connection) => void,
    reject: (error: TlsFailed) => void,
  ) {
    this.plain = plain
    this.end = end
    this.resolve = resolve
    this.reject = reject
    this.secured = new SecuredConnection(plain)
    this.limit = life.after(handshakeLimit, () => this.fail('no handshake in 10 s'))
    plain.receive(
      (bytes) => (this.over ? this.secured.take(bytes) : this.received(bytes)),
      (error) => (this.over ? this.secured.leave(error) : this.fail('the other side closed the connection')),
    )
    if (end.role === 'client') this.showOurs()
  }

  private showOurs() {
    const { credentials } = this.end
    const shown = Buffer.from(credentials instanceof NodeCredentials ? credentials.pem.certificate : '')
    this.plain.write(Buffer.concat([Buffer.from([magic, shown.length >> 8, shown.length & 0xff]), shown]))
  }

  private received(bytes: Buffer) {
    this.early = Buffer.concat([this.early, bytes])
    const { early } = this
    if (early[0] !== magic) return this.fail('wrong version number')
    const whole = early.length < header ? header : header + early.readUInt16BE(1)
    if (early.length < whole) return
    this.judge(early.toString('latin1', header, whole))
    if (this.over && early.length > whole) this.secured.take(early.subarray(whole))
  }

  private judge(shown: string) {
    const { end, secured } = this
    const { credentials } = end
    const asked = end.role === 'client' || (end.credentials.asksPeers && end.anonymous !== true)
    const authorities = credentials instanceof NodeCredentials ? credentials.pem.authorities : undefined
    const believed = asked && isVouchedFor(shown, authorities ?? '')
    if (end.role === 'client' && !believed) return this.fail('self-signed certificate')
    if (end.role === 'server') this.showOurs()
    secured.verifiedPeer = believed ? new X509Certificate(shown).subjectAltName : undefined
    this.over = true
    this.limit.cancel()
    this.resolve(secured)
  }

  private fail(reason: string) {
    if (this.over) return
    this.over = true
    this.limit.cancel()
    this.plain.destroy()
    this.reject(new TlsFailed(this.plain.remote, reason))
  }
}

/** By one of those believed, or as one of them. */
function isVouchedFor(shown: string, authorities: string): boolean {
  if (shown === '') return false
  const certificate = new X509Certificate(shown)
  const believed = authorities.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return believed
    .map((pem) => new X509Certificate(pem))
    .some((one) => one.fingerprint256 === certificate.fingerprint256 || certificate.verify(one.publicKey))
}

class SecuredConnection implements Connection {
  readonly local: Address
  readonly remote: Address
  verifiedPeer: string | undefined
  private readonly plain: Connection
  private early: Buffer[] = []
  private gone: { readonly error: Error | undefined } | undefined
  private data: ((bytes: Buffer) => void) | undefined
  private closed: ((error?: Error) => void) | undefined

  constructor(plain: Connection) {
    this.plain = plain
    this.local = plain.local
    this.remote = plain.remote
  }

  get queued(): number {
    return this.plain.queued
  }

  take(bytes: Buffer): void {
    if (this.data === undefined) this.early.push(bytes)
    else this.data(bytes)
  }

  leave(error: Error | undefined): void {
    this.gone = { error }
    this.closed?.(error)
  }

  receive(data: (bytes: Buffer) => void, closed: (error?: Error) => void): void {
    this.data = data
    this.closed = closed
    for (const bytes of this.early.splice(0)) data(bytes)
    if (this.gone !== undefined) closed(this.gone.error)
  }

  write(bytes: Buffer): void {
    this.plain.write(bytes)
  }

  end(): void {
    this.plain.end()
  }

  destroy(): void {
    this.plain.destroy()
  }
}
