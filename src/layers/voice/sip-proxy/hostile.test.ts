import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'

async function setUp(limits: object = {}, defence: object = {}) {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1', { limits, defence })
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, proxy)
  return { cluster, world: cluster.world, proxy, node, phone }
}

describe('SIP Proxy and bad input', () => {
  it.each([
    ['a loop', 'INVITE', { fields: [] }, { from: 'Max-Forwards: 70', to: 'Max-Forwards: 0' }, 483],
    ['no number of hops', 'INVITE', {}, { from: 'Max-Forwards: 70', to: 'Max-Forwards: 256' }, 400],
    ['an extension nobody knows', 'INVITE', { fields: ['Proxy-Require: magic'] }, undefined, 420],
    ['a scheme that is none of SIP', 'INVITE', {}, { from: 'INVITE sip:1002@ringmain', to: 'INVITE urn:x' }, 416],
    ['a Route that cannot be read', 'INVITE', { fields: ['Route: <sip:10.0.0.1'] }, undefined, 400],
    ['a Request-URI with a broken port', 'MESSAGE', { uri: 'sip:1002@ringmain:99999', to: 'sip:1' }, undefined, 400],
    ['a method nobody knows', 'FROBNICATE', {}, undefined, 405],
  ])('gives %s the answer of the RFC, and the next call goes on', async (_what, method, options, change, status) => {
    const { world, node, phone } = await setUp()
    const text = requestText(method, options)

    phone.say(change === undefined ? text : text.replace(change.from, change.to))
    await world.run(10)
    // What a method means is the node's to know.
    for (const request of node.requests('FROBNICATE')) node.answer(request, 405)
    phone.say(requestText('INVITE', { callID: 'good' }))
    await world.run(10)

    expect(phone.statuses(method)[0]).toBe(status)
    expect(node.requests('INVITE').map(({ callID }) => callID)).toEqual(['good'])
  })

  it('finds a request that came back to it unchanged (RFC 5393 §4.2)', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const mirror = await cluster.udp('mirror', { host: '10.0.5.5', port: 5060 }, proxy)
    node.say(requestText('INVITE', { uri: 'sip:x@10.0.5.5', at: 'node1.dc1', transport: 'TCP', callID: 'c1' }))
    await world.run(10)
    const sent = mirror.requests('INVITE')[0]?.bytes.toString('latin1') ?? ''

    mirror.say(sent.replace(/Record-Route: .*\r\n/, ''))
    await world.run(10)

    expect(mirror.statuses('INVITE')[0]).toBe(482)
  })

  it('goes on after garbage of any kind', async () => {
    const { world, node, phone } = await setUp()

    for (const garbage of ['\0\0\0\0\0\0\0\0\0', 'INVITE', 'SIP/2.0 200 OK\n\n', 'GET / HTTP/1.1\nHost: x\n\n', '\n\n'])
      phone.say(garbage)
    phone.say(requestText('INVITE', { callID: 'long', fields: [`X-Long: ${'a'.repeat(60_000)}`] }))
    phone.say(requestText('INVITE', { callID: 'many', fields: Array.from({ length: 300 }, (_, n) => `X-${n}: 1`) }))
    phone.say(requestText('INVITE', { callID: 'break', fields: ['Subject: a\rb'] }))
    phone.say(requestText('INVITE', { callID: 'good' }))
    await world.run(10)

    expect(node.requests('INVITE').map(({ callID }) => callID)).toContain('good')
    expect(node.requests('INVITE').map(({ callID }) => callID)).not.toContain('long')
    expect(node.requests('INVITE').map(({ callID }) => callID)).not.toContain('many')
  })

  it('reads no forged Via as an order where to answer: answers go where the request came from', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const victim = await cluster.udp('victim', { host: '10.0.9.9', port: 5060 }, proxy)

    phone.say(requestText('INVITE', { at: '10.0.9.9:5060' }))
    phone.say(requestText('MESSAGE', { uri: 'sip:x@elsewhere.example' }).replace(';rport', ';maddr=10.0.9.9'))
    await world.run(10)
    node.answer(node.requests('INVITE')[0], 180)
    await world.run(10)

    expect(victim.heard).toEqual([])
    expect(phone.statuses('INVITE')).toEqual([180])
  })

  it('refuses further requests beyond the limit of transactions, and further connections beyond theirs', async () => {
    const { cluster, world, proxy, node, phone } = await setUp({ transactions: 10, connections: 2 })

    for (let call = 0; call < 15; call++) phone.say(requestText('INVITE'))
    await world.run(10)
    const streams = [await cluster.tcp('a', proxy), await cluster.tcp('b', proxy), await cluster.tcp('c', proxy)]
    for (const stream of streams) stream.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TCP' }))
    await world.run(40_000)

    expect(node.requests('INVITE').length).toBeLessThanOrEqual(10)
    expect(phone.statuses('INVITE').filter((status) => status === 503).length).toBeGreaterThanOrEqual(5)
    expect(streams.map((stream) => stream.responses('OPTIONS').length)).toEqual([1, 1, 0])
  })

  it('does not repeat the refusal of a stranger over UDP by itself, but whenever he repeats his INVITE', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const stranger = await cluster.udp('stranger', { host: '192.0.2.7', port: 5060 }, proxy)
    const invite = requestText('INVITE', { at: '192.0.2.7:5060', user: 'x', callID: 'forged' })

    stranger.say(invite)
    await world.run(50)
    node.answer(node.requests('INVITE')[0], 401, [['WWW-Authenticate', 'Digest realm="r", nonce="n"']])
    await world.run(60_000)
    const unasked = stranger.statuses('INVITE')
    stranger.say(requestText('INVITE', { at: '192.0.2.7:5060', user: 'x', callID: 'again', branch: 'z9hG4bKagain' }))
    await world.run(50)
    node.answer(node.requests('INVITE')[1], 401)
    await world.run(50)
    stranger.say(requestText('INVITE', { at: '192.0.2.7:5060', user: 'x', callID: 'again', branch: 'z9hG4bKagain' }))
    await world.run(50)

    expect(unasked).toEqual([401])
    expect(stranger.statuses('INVITE')).toEqual([401, 401, 401])
  })

  it('repeats the refusal of a call that has rung: nobody rings for a forged address, and its caller hears it', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const stranger = await cluster.udp('stranger', { host: '192.0.2.7', port: 5060 }, proxy)

    stranger.say(requestText('INVITE', { at: '192.0.2.7:5060', user: '1001', callID: 'rung' }))
    await world.run(50)
    node.answer(node.requests('INVITE')[0], 180)
    await world.run(50)
    node.answer(node.requests('INVITE')[0], 486)
    await world.run(2_000)

    expect(stranger.statuses('INVITE').filter((status) => status === 486).length).toBeGreaterThan(1)
  })

  it('bans who sends what belongs to no dialog: a To tag makes it no cheaper than a call', async () => {
    const { world, node, phone } = await setUp({}, { failures: { burst: 5, perSecond: 1 } })

    for (let n = 0; n < 10; n++) {
      phone.say(requestText('BYE', { toTag: `t${n}`, callID: `c${n}` }))
      await world.run(10)
      for (const bye of node.requests('BYE').slice(n)) node.answer(bye, 481)
      await world.run(10)
    }
    phone.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1' }))
    await world.run(10)

    expect(node.requests('BYE').length).toBeLessThan(10)
    expect(phone.statuses('OPTIONS')).toEqual([])
  })

  it('hears an authenticated phone by its credentials, though its address is forged in a flood', async () => {
    const { cluster, world, proxy, node } = await setUp({}, { requests: { perSecond: 1, burst: 20 } })
    const at = '192.0.2.7:5060'
    const phone = await cluster.udp('office', { host: '192.0.2.7', port: 5060 }, proxy)
    phone.say(registerText('1001', { at }))
    await world.run(50)
    node.answer(node.requests('REGISTER')[0], 401, [['WWW-Authenticate', 'Digest realm="r", nonce="n"']])
    await world.run(50)
    const challenge = phone.responses('REGISTER')[0]?.header('WWW-Authenticate')?.slice('Digest '.length)
    const fields = [`Authorization: Digest username="1001", ${challenge}, response="right"`]

    for (let n = 0; n < 100; n++) phone.say(requestText('INVITE', { at, user: 'x', callID: `forged-${n}` }))
    await world.run(50)
    phone.say(requestText('INVITE', { at, callID: 'without' }))
    phone.say(requestText('INVITE', { at, fields, callID: 'with' }))
    await world.run(50)

    const heard = node.requests('INVITE').map(({ callID }) => callID)
    expect([heard.includes('without'), heard.includes('with')]).toEqual([false, true])
  })

  it('bounds ACKs and CANCELs that belong to nothing, whoever sends them', async () => {
    const { world, node, phone } = await setUp({}, { inDialog: { perSecond: 1, burst: 10 } })

    for (let n = 0; n < 50; n++)
      phone.say(requestText('ACK', { uri: 'sip:x@node1.dc1', toTag: 'bogus', callID: `a${n}` }))
    await world.run(50)
    for (let n = 0; n < 50; n++) phone.say(requestText('CANCEL', { callID: `c${n}` }))
    await world.run(50)
    phone.say(requestText('INVITE', { callID: 'good' }))
    await world.run(50)

    expect(node.requests('ACK')).toHaveLength(10)
    expect(phone.statuses('CANCEL')).toEqual([])
    expect(node.requests('INVITE').map(({ callID }) => callID)).toEqual(['good'])
  })

  it('bans who opens connections and says nothing, half a message, or what is none', async () => {
    const { cluster, world, proxy, node, phone } = await setUp(
      {},
      { trusted: [], failures: { burst: 15, perSecond: 1 } },
    )

    for (const said of ['', 'INVITE sip:x SIP/2.0\nVia: ', `${'x'.repeat(40_000)}\n`]) {
      const stream = await cluster.tcp('attacker', proxy)
      if (said !== '') stream.say(said)
      await world.run(1)
    }
    await world.run(33_000)
    for (let n = 0; n < 20; n++) (await cluster.tcp('attacker', proxy)).say(`${'x'.repeat(40_000)}\n`)
    await world.run(100)
    const late = await cluster.tcp('attacker', proxy)
    late.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TCP' }))
    phone.say(requestText('INVITE', { callID: 'good' }))
    await world.run(100)

    expect(late.heard).toEqual([])
    expect(node.requests('INVITE').map(({ callID }) => callID)).toEqual(['good'])
  })

  it('closes a connection over which more keep-alives come at once than anybody sends who means well', async () => {
    const { cluster, world, proxy } = await setUp()
    const [good, bad] = [await cluster.tcp('good', proxy), await cluster.tcp('bad', proxy)]

    good.connection.write(Buffer.from('\r\n\r\n'.repeat(30)))
    bad.connection.write(Buffer.from('\r\n\r\n'.repeat(100)))
    await world.run(10)

    expect([good.closed, bad.closed, await proxy.dropped('unframed')]).toEqual([false, true, 1])
  })

  it('closes the connections of a source that is banned: when it says anything there, and else soon', async () => {
    const { cluster, world, proxy } = await setUp({}, { trusted: [], failures: { burst: 15, perSecond: 1 } })
    const streams = [await cluster.tcp('bad', proxy), await cluster.tcp('bad', proxy), await cluster.tcp('bad', proxy)]
    for (const stream of streams) stream.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TCP' }))
    await world.run(10)
    const [guilty, speaking] = streams

    guilty?.say('this is no SIP\nContent-Length: 0\n\n'.repeat(4))
    await world.run(10)
    speaking?.connection.write(Buffer.from('\r\n\r\n'))
    await world.run(10)
    const at = streams.map(({ closed }) => closed)
    await world.run(33_000)

    expect(streams.map((stream) => stream.statuses('OPTIONS'))).toEqual([[200], [200], [200]])
    expect(at).toEqual([false, true, false])
    expect(streams.map(({ closed }) => closed)).toEqual([true, true, true])
  })

  it.each([
    ['anybody', [], 2],
    ['who is trusted, as a trunk is: up to those there may be in all', ['127.0.0.1'], 5],
  ])('takes as many connections of %s', async (_whom, trusted, most) => {
    const { cluster, world, proxy } = await setUp({ connections: 5, connectionsPerSource: 2 }, { trusted })
    const streams: Awaited<ReturnType<typeof cluster.tcp>>[] = []
    for (let n = 0; n < 8; n++) streams.push(await cluster.tcp('peer', proxy))

    for (const stream of streams) stream.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TCP' }))
    await world.run(10)

    expect(streams.filter((stream) => stream.responses('OPTIONS').length > 0)).toHaveLength(most)
  })

  it('answers what it cannot read in no more bytes than it read', async () => {
    const { cluster, world, proxy } = await setUp()
    const stranger = await cluster.udp('stranger', { host: '192.0.2.7', port: 5060 }, proxy)
    const short = ['v: SIP/2.0/UDP h', 'f: a', 't: b', 'i: c', 'CSeq: 1 B', 'l: 0', '', ''].join('\r\n')

    stranger.say(`A sip:h SIP/2.0\r\n${short}`)
    stranger.say(requestText('OPTIONS').replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'))
    await world.run(50)

    expect(stranger.heard.map(({ status }) => status)).toEqual([400])
  })

  it('says nothing at all to a scanner, nor to whoever has been banned, until the ban is over', async () => {
    const { cluster, world, proxy, node } = await setUp({}, { banSeconds: 60, failures: { burst: 60 } })
    const at = '192.0.2.7:5060'
    const scanner = await cluster.udp('scanner', { host: '192.0.2.6', port: 5060 }, proxy)
    const guesser = await cluster.udp('guesser', { host: '192.0.2.7', port: 5060 }, proxy)
    const fields = ['Authorization: Digest username="1001"']

    scanner.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', fields: ['User-Agent: friendly-scanner'] }))
    for (let guess = 0; guess < 10; guess++) {
      guesser.say(requestText('REGISTER', { uri: 'sip:ringmain', to: 'sip:1001@ringmain', at, fields }))
      await world.run(50)
      for (const request of node.heard.splice(0)) if (request.isRequest) node.answer(request, 401)
      await world.run(50)
    }
    const before = guesser.statuses('REGISTER').length
    await world.run(60_000)
    guesser.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', at }))
    await world.run(50)

    expect(scanner.heard).toEqual([])
    expect(before).toBe(4)
    expect(guesser.statuses('OPTIONS')).toEqual([200])
  })

  it('lets go of a connection whose other end has vanished: after an hour, or as soon as too much waits for it', async () => {
    const { cluster, world, proxy, node } = await setUp({ connections: 2 })
    const hello = requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TCP' })
    const silent = await cluster.tcp('silent', proxy)
    const called = await cluster.tcp('called', proxy)
    silent.say(hello)
    called.say(registerText('1001', { transport: 'TCP', at: '10.0.1.1:5060' }))
    await world.run(10)
    node.answer(node.requests('REGISTER')[0], 200, [['Contact', '<sip:1001@10.0.1.1:5060;transport=tcp>;expires=60']])
    await world.run(10)
    for (const host of ['silent', 'called']) world.crash(host)
    const fields = [`X-Long: ${'a'.repeat(30_000)}`]

    for (let message = 0; message < 160; message++) {
      node.say(requestText('MESSAGE', { uri: 'sip:1001@ringmain', at: 'node1.dc1', transport: 'TCP', fields }))
      await world.run(10)
    }
    const instead = await cluster.tcp('instead', proxy)
    const early = await cluster.tcp('early', proxy)
    instead.say(hello)
    await world.run(3_640_000)
    const late = await cluster.tcp('late', proxy)
    late.say(hello)
    await world.run(100)

    expect([instead, early, late].map((peer) => peer.responses('OPTIONS').length)).toEqual([1, 0, 1])
  })
})
