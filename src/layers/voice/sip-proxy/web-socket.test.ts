import { describe, expect, it } from 'vitest'
import { issueCertificate } from '#platform/tls/issue-certificate.ts'
import { type Configuration, configurationFrom } from '#protocols/model/configuration.ts'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'
import { opcodes } from '#simulation/web-socket-peer.ts'

const certificate = issueCertificate({ commonName: 'test', validFrom: 0, validTo: 4_000_000_000_000 })

async function setUp(limits: object = {}, configuration?: Configuration, defence: object = {}) {
  const cluster = new ProxyWorld(1, configuration)
  const proxy = await cluster.proxy('proxy1', '10.0.0.1', { tls: certificate, limits, defence })
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.webSocket('phone', proxy)
  return { cluster, world: cluster.world, proxy, node, phone }
}

const at = 'df7jal23ls0d.invalid'
const contact = `<sip:1001@${at};transport=ws>`
const options = requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'WS', at, contact: '' })
const crlf = (text: string) => text.replaceAll('\n', '\r\n')

describe('SIP Proxy over WebSocket (RFC 7118)', () => {
  it('registers a phone that nobody can call at its Contact, and sends it calls over its WebSocket', async () => {
    const { world, node, phone } = await setUp()

    phone.open()
    await world.run(10)
    phone.say(registerText('1001', { transport: 'WS', at, contact }))
    await world.run(10)
    node.answer(node.requests('REGISTER')[0], 200, [['Contact', `${contact};expires=60`]])
    await world.run(10)
    node.say(requestText('INVITE', { uri: 'sip:1001@ringmain', at: 'node1.dc1', transport: 'TCP', callID: 'c1' }))
    await world.run(10)
    phone.answer(phone.requests('INVITE')[0], 200, [], contact)
    await world.run(10)

    // RFC 6455 §1.3 has this very key and answer.
    expect(phone.opening).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
    expect(phone.opening).toContain('Sec-WebSocket-Protocol: sip\r\n')
    expect(phone.statuses('REGISTER')).toEqual([200])
    expect(phone.requests('INVITE')[0]?.header('Via')).toMatch(/^SIP\/2\.0\/WS 10\.0\.0\.1:5062;/)
    expect(phone.requests('INVITE')[0]?.header('Record-Route')).toMatch(/^<sip:10\.0\.0\.1:5062;transport=ws;lr;/)
    expect(node.statuses('INVITE')).toEqual([200])
  })

  it('has no way to a phone whose WebSocket has gone, whatever address its Contact names', async () => {
    const { world, node, phone } = await setUp()
    const numeric = '<sip:1001@127.0.0.1:5060;transport=ws>'
    phone.open()
    phone.say(registerText('1001', { transport: 'WS', at, contact: numeric }))
    await world.run(10)
    node.answer(node.requests('REGISTER')[0], 200, [['Contact', `${numeric};expires=60`]])
    await world.run(10)

    phone.connection.end()
    await world.run(10)
    node.say(requestText('INVITE', { uri: 'sip:1001@ringmain', at: 'node1.dc1', transport: 'TCP', callID: 'c1' }))
    await world.run(10)

    expect(node.statuses('INVITE')).toEqual([480])
  })

  it('takes nobody who comes by a browser for a trunk, whatever his address: a page may have sent him', async () => {
    const { world, node, phone } = await setUp(
      {},
      configurationFrom({ trunks: [{ name: 'carrier', sources: ['127.0.0.1'] }] }),
    )

    phone.open()
    phone.say(requestText('INVITE', { user: '+442079460018', transport: 'WS', at, contact }))
    await world.run(10)

    expect(node.requests('INVITE')[0]?.header('X-Ringmain-Source')).toMatch(/^endpoint;address=127\.0\.0\.1:/)
  })

  it('takes text and binary, several messages at once, one in pieces, and one that came with the opening', async () => {
    const { world, phone } = await setUp()

    phone.open()
    phone.say(options)
    await world.run(10)
    phone.frame(opcodes.binary, crlf(options.replace('branch=z9', 'branch=z9hG4bKb')))
    phone.say(options.replace('branch=z9', 'branch=z9hG4bKc'))
    const { length } = crlf(options)
    phone.raw(Buffer.from([0x01, 0x80 | 5, 0, 0, 0, 0, ...Buffer.from('OPTIO')]))
    phone.raw(Buffer.from([0x80, 0x80 | 126, (length - 5) >> 8, (length - 5) & 0xff, 0, 0, 0, 0]))
    phone.raw(crlf(options).slice(5).replace('branch=z9', 'branch=y9'))
    await world.run(10)

    expect(phone.statuses('OPTIONS')).toEqual([200, 200, 200, 200])
  })

  it('answers keep-alives: ping frames, and an empty line twice (RFC 5626 §3.5.1)', async () => {
    const { world, phone } = await setUp()

    phone.open()
    phone.frame(opcodes.ping, 'are you there')
    phone.frame(opcodes.text, '\r\n\r\n')
    await world.run(10)

    expect(phone.pongs).toEqual(['are you there', '\r\n'])
  })

  it('closes a WebSocket over which more pings come at once than anybody sends who means well', async () => {
    const { world, proxy, phone } = await setUp()
    phone.open()
    await world.run(10)

    for (let ping = 0; ping < 100; ping++) phone.frame(opcodes.ping, '')
    await world.run(10)

    expect([phone.closed, await proxy.dropped('unframed')]).toEqual([true, 1])
  })

  it('stays with a client that says by pongs alone that it is there (RFC 6455 §5.5.3), as those of .NET do', async () => {
    const { world, phone } = await setUp()
    phone.open()
    phone.say(options)

    for (let pong = 0; pong < 6; pong++) {
      await world.run(20_000)
      phone.frame(opcodes.pong, '')
    }
    await world.run(10)

    expect(phone.closed).toBe(false)
  })

  it.each([
    ['without the subprotocol sip', undefined, /^HTTP\/1\.1 400 /],
    ['with another subprotocol', 'chat', /^HTTP\/1\.1 400 /],
    ['with sip among others', 'chat, SIP', /^HTTP\/1\.1 101 /],
  ])('%s it answers the opening %s', async (_what, subprotocol, answer) => {
    const { world, proxy, phone } = await setUp()

    phone.open(subprotocol ?? '')
    await world.run(10)

    const refused = !answer.source.includes('101')
    expect(phone.opening).toMatch(answer)
    expect(phone.closed).toBe(refused)
    expect(await proxy.dropped('upgrade')).toBe(refused ? 1 : 0)
  })

  it.each([
    ['a plain SIP client', crlf(options), 'upgrade', /^HTTP\/1\.1 400 /],
    ['a browser at the wrong place', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'upgrade', /^HTTP\/1\.1 426 /],
    ['a header without end', 'x'.repeat(9_000), 'upgrade', /^HTTP\/1\.1 431 /],
  ])('refuses %s, counts it, and the next one goes on', async (_what, bytes, reason, answer) => {
    const { cluster, world, proxy, phone } = await setUp()

    phone.raw(bytes)
    await world.run(10)
    const next = await cluster.webSocket('next', proxy)
    next.open()
    next.say(options)
    await world.run(10)

    expect(phone.opening).toMatch(answer)
    expect([phone.closed, await proxy.dropped(reason)]).toEqual([true, 1])
    expect(next.statuses('OPTIONS')).toEqual([200])
  })

  it.each([
    ['a frame that is too large', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4])],
    ['a frame without a mask', Buffer.from([0x81, 0x02, 0x41, 0x41])],
    ['text that is no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff])],
    ['a compressed frame, which nobody agreed on', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
  ])('closes a WebSocket with %s, and counts it', async (_what, bytes) => {
    const { world, proxy, phone } = await setUp()

    phone.open()
    await world.run(10)
    phone.raw(bytes)
    await world.run(10)

    expect([phone.closed, await proxy.dropped('unframed')]).toEqual([true, 1])
  })

  it('drops a message that is none, and the WebSocket stays; a close frame ends it without a count', async () => {
    const { world, proxy, phone } = await setUp()

    phone.open()
    phone.frame(opcodes.text, 'this is no SIP at all')
    await world.run(10)
    const open = !phone.closed
    phone.frame(opcodes.close, Buffer.from([0x03, 0xe8]))
    await world.run(10)

    expect([open, phone.closed]).toEqual([true, true])
    expect([await proxy.dropped('malformed'), await proxy.dropped('unframed')]).toEqual([1, 0])
  })

  it('closes who opens and says nothing, or never ends what he began, and counts them', async () => {
    const { cluster, world, proxy, phone } = await setUp()
    const opened = await cluster.webSocket('opened', proxy)
    const dripping = await cluster.webSocket('dripping', proxy)

    opened.open()
    dripping.open()
    dripping.say(options)
    await world.run(10)
    dripping.raw(Buffer.from([0x81, 0xfe, 0x20, 0x00, 0, 0, 0, 0]))
    for (let second = 0; second < 70; second++) {
      dripping.raw('x')
      await world.run(1000)
    }

    expect([phone.closed, opened.closed, dripping.closed]).toEqual([true, true, true])
    expect(await proxy.dropped('silent')).toBe(3)
  })

  it('takes so many connections from one source, and more when one of those has gone', async () => {
    const { cluster, world, proxy, phone } = await setUp({ connectionsPerSource: 2 }, undefined, { trusted: [] })
    const second = await cluster.webSocket('second', proxy)
    const third = await cluster.webSocket('third', proxy)

    await world.run(10)
    const refused = third.closed
    second.connection.end()
    await world.run(10)
    const fourth = await cluster.webSocket('fourth', proxy)
    await world.run(10)

    expect([phone.closed, refused, fourth.closed]).toEqual([false, true, false])
    expect(await proxy.dropped('connections')).toBe(1)
  })
})
