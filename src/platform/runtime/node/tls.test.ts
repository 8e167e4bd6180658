import { connect as tcpConnect } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deferred } from '#platform/deferred.ts'
import { BadCertificate, TlsFailed } from '#platform/runtime/errors.ts'
import type { Address, Connection, TlsEnd } from '#platform/runtime/runtime.ts'
import { type CertificateRequest, issueCertificate } from '#platform/tls/issue-certificate.ts'
import { type NodeRuntime, nodeRuntime } from './node-runtime.ts'

const anyPort: Address = { host: '127.0.0.1', port: 0 }
const day = 86_400_000

let runtime: NodeRuntime
beforeEach(() => {
  runtime = nodeRuntime()
})
afterEach(() => runtime.close())

function issue(request: Partial<CertificateRequest> = {}) {
  const now = runtime.clock.wall()
  return issueCertificate({ commonName: 'test', validFrom: now - day, validTo: now + day, ...request })
}

/** An authority, and a certificate of it. */
function chain(request: Partial<CertificateRequest> = {}) {
  const authority = issue({ commonName: 'authority', authority: true })
  const leaf = issue({ ...request, issuer: { commonName: 'authority', key: authority.key } })
  return { authority: authority.certificate, ...leaf }
}

/** What becomes of a connection between the two. */
async function handshake(server: TlsEnd, client: TlsEnd) {
  const accepted = deferred<Promise<Connection>>()
  const listener = await runtime.net.listen(anyPort, (connection) =>
    accepted.resolve(runtime.net.secure(connection, server)),
  )
  const dialled = runtime.net.connect(listener.local).then((connection) => runtime.net.secure(connection, client))
  const [theirs, ours] = await Promise.allSettled([accepted.promise, dialled])
  return { theirs, ours }
}

const given = (settled: PromiseSettledResult<Connection>): Connection => {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}

describe('TLS of Node.js', () => {
  it('carries bytes both ways over a connection whose certificate the client believes', async () => {
    const { authority, ...pem } = chain({ addresses: ['127.0.0.1', '::1'], names: ['proxy.example'] })
    const credentials = runtime.net.credentials(pem)
    const trusting = runtime.net.credentials({ ...issue(), authorities: authority })

    const { theirs, ours } = await handshake(
      { role: 'server', credentials },
      { role: 'client', credentials: trusting, serverName: 'proxy.example' },
    )
    const heard = deferred<string>()
    given(ours).receive(
      (bytes) => heard.resolve(bytes.toString()),
      () => {},
    )
    given(theirs).receive(
      (bytes) => given(theirs).write(bytes),
      () => {},
    )
    given(ours).write(Buffer.from('hello'))

    expect(await heard.promise).toBe('hello')
    expect(given(ours).verifiedPeer).toBe('DNS:proxy.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(given(theirs).verifiedPeer).toBeUndefined()
  })

  it('tells the name of a client whose certificate it believes, and takes one whose it does not as a stranger', async () => {
    const server = issue({ addresses: ['127.0.0.1'] })
    const carrier = chain({ uris: ['sip:carrier.example'] })
    const stranger = chain({ uris: ['sip:carrier.example'] })
    const credentials = runtime.net.credentials({ ...server, authorities: carrier.authority })
    const asClient = ({ certificate, key }: { certificate: string; key: string }) =>
      runtime.net.credentials({ certificate, key, authorities: server.certificate })

    const known = await handshake({ role: 'server', credentials }, { role: 'client', credentials: asClient(carrier) })
    const unknown = await handshake(
      { role: 'server', credentials },
      { role: 'client', credentials: asClient(stranger) },
    )

    const unasked = await handshake(
      { role: 'server', credentials, anonymous: true },
      { role: 'client', credentials: asClient(carrier) },
    )

    expect(given(known.theirs).verifiedPeer).toBe('URI:sip:carrier.example')
    expect(given(unasked.theirs).verifiedPeer).toBeUndefined()
    expect(given(unknown.theirs).verifiedPeer).toBeUndefined()
  })

  it('refuses as a client what it cannot believe, and says why', async () => {
    const expired = issue({ validTo: runtime.clock.wall() - 1000 })
    const credentials = runtime.net.credentials(issue())
    const outOfDate = runtime.net.credentials(expired)
    const trusting = runtime.net.credentials({ ...issue(), authorities: expired.certificate })

    const unknown = await handshake({ role: 'server', credentials }, { role: 'client' })
    const old = await handshake({ role: 'server', credentials: outOfDate }, { role: 'client', credentials: trusting })

    expect(() => given(unknown.ours)).toThrow(/self.signed certificate/)
    expect(() => given(old.ours)).toThrow(/certificate has expired/)
  })

  it('rejects what is no TLS, and who leaves in the middle', async () => {
    const credentials = runtime.net.credentials(issue())
    const outcomes: Promise<unknown>[] = []
    const listener = await runtime.net.listen(anyPort, (connection) => {
      outcomes.push(runtime.net.secure(connection, { role: 'server', credentials }).catch((error) => error))
    })

    const plain = await runtime.net.connect(listener.local)
    const closed = deferred<void>()
    plain.receive(
      () => {},
      () => closed.resolve(),
    )
    plain.write(Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n'))
    await closed.promise
    const leaving = await runtime.net.connect(listener.local)
    leaving.receive(
      () => {},
      () => {},
    )
    leaving.write(Buffer.from([0x16, 0x03, 0x01]))
    leaving.end()
    await expect.poll(() => outcomes.length).toBe(2)

    for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(TlsFailed)
  })

  it('names what is wrong with certificate and key', () => {
    const one = issue()
    const other = issue()

    expect(() => runtime.net.credentials({ certificate: 'no PEM', key: one.key })).toThrow(BadCertificate)
    expect(() => runtime.net.credentials({ certificate: one.certificate, key: other.key })).toThrow(
      'the key is not that of the certificate',
    )
    expect(() => runtime.net.credentials({ certificate: one.certificate, key: 'no PEM' })).toThrow(BadCertificate)
  })

  it('reads when a certificate is valid and whether anybody vouches for it', () => {
    const validFrom = 1_800_000_000_000
    const validTo = 2_700_000_000_000
    const own = runtime.net.credentials(issue({ validFrom, validTo, names: ['a.example'] }))
    const { authority: _, ...pem } = chain()

    expect(own).toMatchObject({ validFrom, validTo, selfSigned: true, subjectAltName: 'DNS:a.example' })
    expect(runtime.net.credentials(pem).selfSigned).toBe(false)
  })

  it('closes a connection whose handshake is followed at once by what is no TLS, and goes on', async () => {
    const credentials = runtime.net.credentials(issue())
    const closed = deferred<unknown>()
    const listener = await runtime.net.listen(anyPort, async (connection) => {
      const secured = await runtime.net.secure(connection, { role: 'server', credentials })
      secured.receive(() => {}, closed.resolve)
    })
    const socket = tcpConnect(listener.local.port, listener.local.host)
    let flights = 0
    /** The second flight of a client of TLS 1.2 ends its handshake. */
    const spoiling = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        flights++
        socket.write(flights === 2 ? Buffer.concat([chunk, Buffer.alloc(100, 'x')]) : chunk)
        done()
      },
    })
    socket.on('data', (bytes) => spoiling.push(bytes))
    const client = tlsConnect({ socket: spoiling, rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
    client.on('error', () => {})

    expect(await closed.promise).toBeInstanceOf(Error)
    socket.destroy()
  })
})
