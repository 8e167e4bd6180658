import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { UdpPort } from '#platform/runtime/runtime.ts'
import { World } from '#simulation/world.ts'
import { RequestDraft } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { SipTransport } from '../transport/sip-transport.ts'
import type { Hop } from '../transport/transport.ts'
import { TransactionLayer } from './layer.ts'
import type { ClientUser, ServerTransaction } from './transactions.ts'

const serverHop: Hop = { protocol: 'UDP', host: '127.0.0.2', port: 5060 }

const parts = (method: string, callID = 'call-1') => ({
  method,
  requestURI: 'sip:1002@127.0.0.2',
  from: '<sip:1001@127.0.0.1>;tag=a',
  to: '<sip:1002@127.0.0.2>',
  callID,
  cseq: 1,
})
const draft = (method: string, callID?: string) => new RequestDraft(parts(method, callID))

/** What a client user heard, in words. */
function recorder() {
  const heard: string[] = []
  const responses: Message[] = []
  const user: ClientUser = {
    response(response) {
      heard.push(String(response.status))
      responses.push(response)
    },
    failed: (cause) => heard.push(cause),
  }
  return { heard, responses, user }
}

/** Larger than a datagram may be. */
const large = (method: string) =>
  new RequestDraft({ ...parts(method), body: { type: 'text/plain', bytes: Buffer.alloc(1200, 'x') } })

async function side(world: World, name: string, host: string, limit?: number) {
  const runtime = world.host(name)
  const transport = new SipTransport({ runtime, log: silentLog, metrics: noMetrics })
  await world.complete(transport.listenUdp({ host, port: 5060 }))
  await world.complete(transport.listen('TCP', { host, port: 5060 }))
  const layer = new TransactionLayer({
    runtime,
    transport,
    log: silentLog,
    metrics: noMetrics,
    ...(limit ? { limit } : {}),
  })
  const requests: { transaction: ServerTransaction; request: Message }[] = []
  const acks: Message[] = []
  const strays: Message[] = []
  const cancels: Message[] = []
  layer.use({
    request(transaction, request) {
      transaction.use({ cancelled: (cancel) => cancels.push(cancel) })
      requests.push({ transaction, request })
    },
    acknowledged: (ack) => acks.push(ack),
    stray: (response) => strays.push(response),
  })
  return { runtime, transport, layer, requests, acks, strays, cancels }
}

async function pair() {
  const world = new World()
  const client = await side(world, 'client', '127.0.0.1')
  const server = await side(world, 'server', '127.0.0.2')
  return { world, client, server }
}

/** A peer that is bytes alone. */
async function rawPeer(world: World, host = '127.0.0.3') {
  const got: Message[] = []
  let port: UdpPort | undefined
  port = await world.complete(world.host('raw').net.udp({ host, port: 5060 }, (bytes) => got.push(parseMessage(bytes))))
  const send = (text: string) =>
    port?.send(Buffer.from(text.replaceAll('\n', '\r\n')), { host: '127.0.0.2', port: 5060 })
  return { got, send }
}

const none = { client: 0, server: 0 }

describe('transaction layer', () => {
  it('carries a request there and its answer back, and is empty after timers J and K (RFC 3261 §17)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    client.layer.request(draft('OPTIONS'), serverHop, user)
    await world.run(100)
    server.requests[0]?.transaction.respond(200)
    await world.run(100)
    const during = client.layer.open
    await world.run(33_000)

    expect(heard).toEqual(['200'])
    expect(during).toEqual({ client: 1, server: 0 })
    expect([client.layer.open, server.layer.open]).toEqual([none, none])
  })

  it('sends 100 by itself when the user has not answered an INVITE in 200 ms (§17.2.1)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(150)
    const before = [...heard]
    await world.run(100)

    expect(before).toEqual([])
    expect(heard).toEqual(['100'])
    expect(server.requests).toHaveLength(1)
  })

  it('acknowledges a refusal itself and tells the server side (§17.1.1.3)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()
    const acknowledged: string[] = []

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    server.requests[0]?.transaction.use({ acknowledged: (ack) => acknowledged.push(ack.toTag) })
    server.requests[0]?.transaction.respond(486)
    await world.run(50)

    expect(heard).toEqual(['486'])
    expect(acknowledged).toEqual([server.requests[0]?.transaction.toTag])
    expect(server.acks).toEqual([])
    await world.run(40_000)
    expect([client.layer.open, server.layer.open]).toEqual([none, none])
  })

  it('leaves the ACK to a 2xx to its users (§13.2.2.4, RFC 6026 §7.1)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    const ok = server.requests[0]?.transaction.respond(200)
    await world.run(50)
    server.requests[0]?.transaction.send(ok as Message)
    await world.run(50)
    client.layer.send(draft('ACK'), serverHop)
    await world.run(50)

    expect(heard).toEqual(['200', '200'])
    expect(server.acks).toHaveLength(1)
  })

  it('sends a CANCEL only after a provisional response, and answers it 200 (§9.1, §9.2)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    const invite = client.layer.request(draft('INVITE'), serverHop, user)
    invite.cancel([['Reason', 'SIP;cause=200']])
    await world.run(150)
    const early = server.cancels.length
    server.requests[0]?.transaction.respond(180)
    await world.run(150)
    server.requests[0]?.transaction.respond(487)
    await world.run(150)

    expect(early).toBe(0)
    expect(server.cancels.map((cancel) => cancel.header('Reason'))).toEqual(['SIP;cause=200'])
    expect(server.cancels[0]?.branch).toBe(invite.branch)
    expect(heard).toEqual(['180', '487'])
    await world.run(40_000)
    expect([client.layer.open, server.layer.open]).toEqual([none, none])
  })

  it('gives a CANCEL without an INVITE to the user (§9.2)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    client.layer.request(draft('CANCEL'), serverHop, user)
    await world.run(50)
    server.requests[0]?.transaction.respond(481)
    await world.run(50)

    expect(heard).toEqual(['481'])
  })

  it('repeats a request that nobody answers and gives up after 64·T1 (§17.1.2.2)', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1')
    const raw = await rawPeer(world, '127.0.0.2')
    const { heard, user } = recorder()

    client.layer.request(draft('OPTIONS'), serverHop, user)
    await world.run(31_900)
    const before = [...heard]
    await world.run(200)

    expect(before).toEqual([])
    expect(heard).toEqual(['timeout'])
    // 0, 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s
    expect(raw.got).toHaveLength(11)
    expect(client.layer.open).toEqual(none)
  })

  it.each(['UDP', 'TCP'] as const)(
    'says 100 to what is no INVITE once timer E would be at T2, not before (RFC 4320 §4.1, over %s)',
    async (protocol) => {
      const { world, client, server } = await pair()
      const [slow, quick, silent] = [recorder(), recorder(), recorder()]

      client.layer.request(draft('OPTIONS'), { ...serverHop, protocol }, slow.user)
      client.layer.request(draft('OPTIONS', 'call-2'), { ...serverHop, protocol }, quick.user)
      client.layer.request(draft('OPTIONS', 'call-3'), { ...serverHop, protocol }, silent.user)
      await world.run(100)
      server.requests[0]?.transaction.respond(183)
      server.requests[1]?.transaction.respond(200)
      server.requests[2]?.transaction.giveUp()
      await world.run(3_350)
      const before = [...slow.heard]
      await world.run(200)
      const trying = [...slow.heard]
      server.requests[0]?.transaction.respond(200)
      await world.run(40_000)

      expect(before).toEqual([])
      // Over UDP the repetition of that moment is answered, too.
      expect(new Set(trying)).toEqual(new Set(['100']))
      expect([slow.heard.at(-1), quick.heard, silent.heard]).toEqual(['200', ['200'], ['timeout']])
      expect([client.layer.open, server.layer.open]).toEqual([none, none])
    },
  )

  it('answers a repeated request with the same response and tells the user once (§17.2.2)', async () => {
    const world = new World()
    const server = await side(world, 'server', '127.0.0.2')
    const raw = await rawPeer(world)
    const options =
      'OPTIONS sip:1002@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bKr1;rport\nFrom: <sip:a@b>;tag=1\n' +
      'To: <sip:c@d>\nCall-ID: x\nCSeq: 7 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n\n'

    raw.send(options)
    await world.run(50)
    server.requests[0]?.transaction.respond(200)
    raw.send(options)
    await world.run(50)

    expect(server.requests).toHaveLength(1)
    expect(raw.got.map((message) => message.status)).toEqual([200, 200])
    expect(raw.got[0]?.bytes).toEqual(raw.got[1]?.bytes)
    expect(raw.got[0]?.header('Via')).toContain(';rport=5060;received=127.0.0.3')
  })

  it('finds repetitions and ACK of a peer without the magic cookie (§17.2.3)', async () => {
    const world = new World()
    const server = await side(world, 'server', '127.0.0.2')
    const raw = await rawPeer(world)
    const old = (method: string, to: string) =>
      `${method} sip:1002@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060\nFrom: <sip:a@b>;tag=1\n` +
      `To: <sip:c@d>${to}\nCall-ID: x\nCSeq: 7 ${method}\nContent-Length: 0\n\n`

    raw.send(old('INVITE', ''))
    raw.send(old('INVITE', ''))
    await world.run(50)
    server.requests[0]?.transaction.respond(486)
    await world.run(50)
    raw.send(old('ACK', `;tag=${raw.got[0]?.toTag}`))
    await world.run(5_500)

    expect(server.requests).toHaveLength(1)
    expect(raw.got).toHaveLength(1)
    expect(server.layer.open).toEqual(none)
  })

  it('tells requests apart whose branch is the magic cookie and nothing more (RFC 4475 §3.2.1)', async () => {
    const world = new World()
    const server = await side(world, 'server', '127.0.0.2')
    const raw = await rawPeer(world)
    const bare = (callID: string) =>
      `OPTIONS sip:1002@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bK\nFrom: <sip:a@b>;tag=1\n` +
      `To: <sip:c@d>\nCall-ID: ${callID}\nCSeq: 7 OPTIONS\nContent-Length: 0\n\n`

    for (const callID of ['one', 'other', 'one']) raw.send(bare(callID))
    await world.run(50)

    expect(server.requests.map(({ request }) => request.callID)).toEqual(['one', 'other'])
  })

  it('gives responses that belong to no transaction to the user, who may drop them (RFC 6026 §7.3)', async () => {
    const { world, client, server } = await pair()
    const { user } = recorder()

    const invite = client.layer.request(draft('INVITE'), serverHop, user)
    await world.run(50)
    invite.abandon()
    server.requests[0]?.transaction.respond(200)
    await world.run(50)

    expect(client.strays.map((response) => response.status)).toEqual([200])
    expect(client.layer.open).toEqual(none)
  })

  it('answers 503 beyond its limit, and on an INVITE without Retry-After', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1')
    const server = await side(world, 'server', '127.0.0.2', 1)
    const first = recorder()
    const second = recorder()

    client.layer.request(draft('INVITE'), serverHop, first.user)
    client.layer.request(draft('INVITE', 'call-2'), serverHop, second.user)
    await world.run(100)

    expect(server.layer.open.server).toBe(1)
    expect(second.heard).toEqual(['503'])
    expect(second.responses[0]?.header('Retry-After')).toBeUndefined()
  })

  it('absorbs repetitions of a request that is given up, and forgets it after 64*T1 (RFC 4320 §4.2)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    client.layer.request(draft('OPTIONS'), serverHop, user)
    await world.run(100)
    server.requests[0]?.transaction.giveUp()
    await world.run(31_000)
    const before = server.layer.open.server
    await world.run(2_000)

    expect(heard).toEqual(['timeout'])
    expect(server.requests).toHaveLength(1)
    expect([before, server.layer.open.server]).toEqual([1, 0])
  })

  it('tells a request that cannot leave (§17.1.4), and nothing is told after close', async () => {
    const { world, client } = await pair()
    const tcp = recorder()
    const open = recorder()

    client.layer.request(draft('OPTIONS'), { protocol: 'TCP', host: '127.0.0.9', port: 5060 }, tcp.user)
    await world.run(1_000)
    client.layer.request(draft('OPTIONS', 'call-2'), serverHop, open.user)
    client.layer.close()
    await world.run(40_000)

    expect(tcp.heard).toEqual(['transport'])
    expect(open.heard).toEqual([])
    expect(client.layer.open).toEqual(none)
  })

  it('tells nothing more once it is abandoned, though what was sent turns out not to have left', async () => {
    const { world, client } = await pair()
    const hop: Hop = { protocol: 'TCP', host: '127.0.0.9', port: 5060 }
    const [options, invite] = [recorder(), recorder()]

    client.layer.request(draft('OPTIONS'), hop, options.user).abandon()
    client.layer.request(draft('INVITE', 'call-2'), hop, invite.user).abandon()
    await world.run(40_000)

    expect([options.heard, invite.heard]).toEqual([[], []])
    expect(client.layer.open).toEqual(none)
  })

  it('tells a request beyond its limit that it cannot leave, and nothing once that is abandoned', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1', 1)
    const [told, invite, options] = [recorder(), recorder(), recorder()]
    client.layer.request(draft('OPTIONS'), serverHop, recorder().user)

    client.layer.request(draft('INVITE', 'call-2'), serverHop, told.user)
    client.layer.request(draft('INVITE', 'call-3'), serverHop, invite.user).abandon()
    client.layer.request(draft('OPTIONS', 'call-4'), serverHop, options.user).abandon()
    await world.run(100)

    expect([told.heard, invite.heard, options.heard]).toEqual([['transport'], [], []])
    expect(client.layer.open.client).toBe(1)
  })

  it('sends no CANCEL for an INVITE that is abandoned by the response it waited for', async () => {
    const { world, client, server } = await pair()
    const heard: string[] = []

    const invite = client.layer.request(draft('INVITE'), serverHop, {
      response: ({ status }) => {
        heard.push(String(status))
        invite.abandon()
      },
      failed: (cause) => heard.push(cause),
    })
    invite.cancel()
    await world.run(40_000)

    expect(heard).toEqual(['100'])
    expect(server.cancels).toHaveLength(0)
  })

  it('sends over TCP once, on one connection both ways (§17.1.1.2, §18)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()
    const hop: Hop = { protocol: 'TCP', host: '127.0.0.2', port: 5060 }

    client.layer.request(draft('INVITE'), hop, user)
    await world.run(5_000)
    server.requests[0]?.transaction.send(buildResponse(server.requests[0].request, 200, { toTag: 't' }))
    await world.run(50)

    expect(heard).toEqual(['100', '200'])
    expect(server.requests).toHaveLength(1)
    expect([client.transport.connections, server.transport.connections]).toEqual([1, 1])
  })

  it('sends a request too large for a datagram over TCP, and its CANCEL after it (RFC 3261 §18.1.1)', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()

    const transaction = client.layer.request(large('INVITE'), serverHop, user)
    await world.run(100)
    server.requests[0]?.transaction.respond(180)
    await world.run(100)
    transaction.cancel()
    await world.run(100)
    server.requests[0]?.transaction.respond(487)
    await world.run(100)

    expect(server.requests[0]?.request.header('Via')).toMatch(/^SIP\/2\.0\/TCP 127\.0\.0\.1:5060;/)
    expect(server.requests[0]?.transaction.from.protocol).toBe('TCP')
    expect([heard, server.cancels.length]).toEqual([['180', '487'], 1])
  })

  it('sends it over UDP after all to who takes no TCP, and asks him no more for five minutes', async () => {
    const world = new World()
    const client = await side(world, 'client', '127.0.0.1')
    const { got } = await rawPeer(world)
    const { user } = recorder()
    const hop: Hop = { protocol: 'UDP', host: '127.0.0.3', port: 5060 }

    const first = client.layer.request(large('MESSAGE'), hop, user)
    const asked = first.hop.protocol
    await world.run(100)
    const second = client.layer.request(large('MESSAGE'), hop, user)
    await world.run(300_000)
    const third = client.layer.request(large('MESSAGE'), hop, user)

    expect([asked, second.hop.protocol, third.hop.protocol]).toEqual(['TCP', 'UDP', 'TCP'])
    expect([first.hop.protocol, got[0]?.header('Via')]).toEqual(['UDP', first.request.header('Via')])
    expect(first.request.header('Via')).toMatch(/^SIP\/2\.0\/UDP /)
  })

  it('waits no longer than 3 s for a connection that nobody answers, and lets an INVITE be cancelled meanwhile', async () => {
    const { world, client, server } = await pair()
    const { heard, user } = recorder()
    world.links.partition(['client'], ['server'])

    const transaction = client.layer.request(large('INVITE'), serverHop, user)
    transaction.cancel()
    await world.run(2_900)
    world.links.heal(['client'], ['server'])
    await world.run(1_000)
    server.requests[0]?.transaction.respond(180)
    await world.run(100)

    expect(server.requests[0]?.transaction.from.protocol).toBe('UDP')
    expect([heard, server.cancels.length]).toEqual([['100', '180'], 1])
  })

  it('keeps a large request on UDP where a NAT leads nothing else back', async () => {
    const { world, client, server } = await pair()

    client.layer.request(large('MESSAGE'), { ...serverHop, pinned: true }, recorder().user)
    await world.run(100)

    expect(server.requests[0]?.transaction.from.protocol).toBe('UDP')
  })
})
