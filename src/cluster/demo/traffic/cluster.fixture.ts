/** A cluster in miniature for the tests of the traffic: a registrar with digest, a routing point, the HTTP API. */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Address, Connection, Runtime } from '#platform/runtime/runtime.ts'
import { DigitDetector, digitOfEvent } from '#protocols/media/dtmf/telephone-event.ts'
import { headerLength, payloadType, timestamp } from '#protocols/media/rtp/rtp-packet.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import { secretOf } from '#protocols/sip/core/digest.ts'
import { DigestVerifier } from '#protocols/sip/core/digest-verifier.ts'
import type { Body, IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'

type World = { host(name: string): Runtime; complete<T>(promise: Promise<T>): Promise<T>; readonly now: number }

export const sdp = (port: number): Body => ({
  type: 'application/sdp',
  bytes: Buffer.from(
    `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8 101\r\n` +
      'a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n',
  ),
})

/** What came to an RTP port: packets by payload type, and digits. */
export async function rtpEar(world: World) {
  const packets: number[] = []
  const times: number[] = []
  const detector = new DigitDetector()
  let digits = ''
  const port = await world.complete(
    world.host('cluster').net.udp({ host: '127.0.0.1', port: 0 }, (bytes) => {
      packets.push(payloadType(bytes))
      times.push(world.now)
      if (payloadType(bytes) !== 101) return
      const digit = detector.receive(bytes, headerLength, timestamp(bytes), world.now)
      if (digit >= 0) digits += digitOfEvent(digit)
    }),
  )
  return { port: port.local.port, packets, times, digits: () => digits }
}

/** Registers who knows the password `demo`; what it does with calls is the test's. */
export async function miniature(world: World) {
  const runtime = world.host('cluster')
  const ports = { runtime, log: silentLog, metrics: noMetrics }
  const transport = new SipTransport(ports)
  await world.complete(transport.listenUdp({ host: '127.0.0.1', port: 5060 }))
  const transactions = new TransactionLayer({ ...ports, transport })
  const nextHop = (uri: string) => {
    const { host, port } = parseURI(uri)
    return { protocol: 'UDP', host, port } as const
  }
  const options = { product: 'Test/1', methods: ['REGISTER'], nextHop }
  const userAgent = createUserAgent({ ...ports, transactions, transport }, options)
  const contacts = registrar(userAgent, world)
  const calls: { session: IncomingSession; from: string; to: string; at: number; heard: string[] }[] = []
  const onCall: { take: (session: IncomingSession) => void } = { take: (session) => session.accept(sdp(9)) }
  userAgent.onInvite((session) => {
    const heard: string[] = []
    const from = parseNameAddr(session.invite.header('From') ?? '').displayName
    calls.push({ session, from, to: parseURI(session.invite.requestURI).user, at: world.now, heard })
    onCall.take(session)
    const user: SessionUser = { ended: ({ cause }) => heard.push(cause), cancelled: () => heard.push('cancelled') }
    return { user }
  })
  return { userAgent, contacts, calls, onCall, requests: await api(world, runtime) }
}

function registrar(userAgent: ReturnType<typeof createUserAgent>, world: World) {
  const contacts = new Map<string, string>()
  const wall = () => Math.floor(world.now)
  const digest = new DigestVerifier({ realm: 'ringmain', issuer: 'r', key: Buffer.alloc(32), wall })
  userAgent.onRequest((request, respond) => {
    const verdict = digest.verify(request, (user) => secretOf(user, 'ringmain', 'demo', 'MD5'))
    if (!verdict.ok) {
      respond(verdict.status, verdict.reason, verdict.fields)
      return
    }
    const contact = request.header('Contact') ?? ''
    contacts.set(uriOf(parseNameAddr(request.header('To') ?? '')).user, parseNameAddr(contact).uri)
    respond(200, undefined, [['Contact', `${contact};expires=30`]])
  })
  return contacts
}

/** `POST /api/v1/session`, `GET me`, `PUT me/place`, `PUT me/state` for every agent with the password `demo`. */
async function api(world: World, runtime: Runtime) {
  const requests: string[] = []
  const agents = new Map<string, { dn?: string; state: string }>()
  const answer = (method: string, path: string, token: string, body: Record<string, string>): [number, object] => {
    const me = agents.get(token)
    requests.push(`${method} ${path} ${token || body.username}${me ? ` ${me.state}` : ''}`)
    if (path === '/api/v1/session' && body.password === 'demo') {
      agents.set(body.username ?? '', { state: 'logged-out' })
      return [201, { token: body.username }]
    }
    if (me === undefined) return [401, { title: 'sign in first' }]
    if (path === '/api/v1/me/place') Object.assign(me, { dn: body.dn, state: 'not-ready' })
    if (path === '/api/v1/me/state') me.state = body.state ?? ''
    return [200, me]
  }
  const local: Address = { host: '127.0.0.1', port: 8080 }
  await world.complete(runtime.net.listen(local, (connection) => serve(connection, answer)))
  return { requests, agents }
}

type Answer = (method: string, path: string, token: string, body: Record<string, string>) => [number, object]

function serve(connection: Connection, answer: Answer) {
  let text = ''
  connection.receive(
    (bytes) => {
      text += bytes.toString()
      const [head = '', body = ''] = text.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (!text.includes('\r\n\r\n') || body.length < length) return
      const [, method = '', path = ''] = /^(\w+) (\S+)/.exec(head) ?? []
      const token = /authorization: Bearer (\S+)/i.exec(head)?.[1] ?? ''
      const [status, value] = answer(method, path, token, length === 0 ? {} : JSON.parse(body))
      const json = JSON.stringify(value)
      connection.write(
        Buffer.from(`HTTP/1.1 ${status} X\r\ncontent-length: ${json.length}\r\nconnection: close\r\n\r\n${json}`),
      )
      connection.end()
    },
    () => {},
  )
}
