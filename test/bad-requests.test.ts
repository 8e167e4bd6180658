// What has broken SIP stacks before, each once at a whole data centre's door: it gets the answer of its RFC or none, the
// next good request is served, and nothing is left of it.
import { beforeEach, describe, expect, it } from 'vitest'
import { createSessionController } from '#layers/voice/sip-server/session-controller/session-controller.ts'
import type { UdpPort } from '#platform/runtime/runtime.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { NodeWorld } from '#simulation/node-world.ts'
import type { Phone } from '#simulation/phone.ts'
import { requestText } from '#simulation/proxy-world.ts'

const objects = configurationFrom({
  settings: { domains: ['ringmain'] },
  dns: [{ number: '1001', secret: 'demo' }],
  trunks: [{ name: 'carrier', sources: ['10.9.0.7'] }],
})
const proxy = { host: '10.0.0.1', port: 5060 }
/** A trunk, which nobody has to authenticate. */
const at = '10.9.0.7:5060'
const nothing = { calls_active: 0, sip_sessions: 0, sip_transactions: 0 }

const request = (method: string, more: Parameters<typeof requestText>[1] = {}) =>
  requestText(method, { at, user: '+442079460018', ...more })
const register = (more: Parameters<typeof requestText>[1] = {}) =>
  request('REGISTER', { uri: 'sip:ringmain', to: 'sip:1001@ringmain', user: '1001', ...more })
const repeated = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n))
/** A request with something else in place of what is right. */
const but = (text: string, right: string | RegExp, wrong: string) => {
  const changed = text.replace(right, wrong)
  if (changed === text) throw new Error(`there is no ${right} in it`)
  return changed
}
const options = (more: Parameters<typeof requestText>[1] = {}) => request('OPTIONS', { uri: 'sip:10.0.0.1', ...more })
const long = 'a'.repeat(20_000)

let cluster: NodeWorld
let phone: Phone
let peer: UdpPort
/** Final ones that came back, each once: what answers the unreadable can't be read. */
let statuses: Set<number>

beforeEach(async () => {
  statuses = new Set()
  cluster = new NodeWorld(1, objects)
  await cluster.proxy('proxy1', proxy.host)
  await cluster.node('node1', '10.0.0.11', { createSessionController })
  phone = await cluster.phone('1001')
  const take = (bytes: Buffer) => void statuses.add(Number(bytes.toString('latin1', 8, 11)))
  peer = await cluster.world.complete(cluster.world.host('peer').net.udp({ host: '10.9.0.7', port: 5060 }, take))
})

describe('a bad request', () => {
  it.each<[what: string, text: string, expected: readonly number[]]>([
    ['a Content-Length below zero', but(options(), 'Length: 0', 'Length: -1'), [400]],
    ['a Content-Length beyond the datagram (CVE-2026-49840)', but(options(), 'Length: 0', 'Length: 4294967296'), [400]],
    ['two Content-Lengths', options({ fields: ['l: 0'] }), [400]],
    ['a NUL in a field', options({ fields: ['Subject: a\0b'] }), [200]],
    ['a control character in a name (CVE-2016-9938)', but(options(), 'Contact:', 'Contact\x01:'), []],
    ['two Froms, one with a long tag (CVE-2020-27507)', options({ fields: [`From: <sip:x@y>;tag=${long}`] }), [400]],
    ['two Call-IDs', options({ fields: ['i: other'] }), [400]],
    ['two CSeqs', options({ fields: ['CSeq: 2 OPTIONS'] }), [400]],
    [
      'no branch, and an odd CSeq (CVE-2017-9372)',
      but(but(options(), /;branch=\w+/, ''), 'CSeq: 1', 'CSeq: -0x1'),
      [400],
    ],
    ['a CSeq of 2^32', but(options(), 'CSeq: 1', 'CSeq: 4294967296'), [400]],
    [
      '50 long Accepts (CVE-2018-7284)',
      options({ fields: repeated(50, (n) => `Accept: ${'a/'.repeat(200)}${n}`) }),
      [200],
    ],
    ['a long Request-URI (CVE-2022-45909)', request('INVITE', { uri: `sip:${long}@ringmain` }), [404]],
    ['a Request-URI without a user, of 12 bytes (kamailio#4886)', request('INVITE', { uri: 'sip:ringmain' }), [404]],
    ['a Request-URI with %00', request('INVITE', { uri: 'sip:10%0001@ringmain' }), [404]],
    ['a status of 0', but(request('BYE'), /^BYE .*/, 'SIP/2.0 000 Zero'), []],
    ['a response to nothing', but(request('INVITE'), /^INVITE .*/, 'SIP/2.0 200 OK'), []],
    ['a line that ends with CR alone', options({ fields: ['Subject: a\rX-Evil: 1'] }), []],
    ['a field without a name', options({ fields: [': x'] }), []],
    ['a quote that does not end', but(request('INVITE'), /From: </, 'From: "A <'), [400]],
    [
      'a name that is no UTF-8',
      but(request('INVITE', { uri: 'sip:1@ringmain' }), /From: </, 'From: "\xff\xfe" <'),
      [404],
    ],
    ['an Expires beyond every number', register({ fields: [`Expires: ${'9'.repeat(40)}`] }), [401]],
    ['a malformed From tag in a REGISTER (CVE-2018-8828)', but(register(), /;tag=[^\n]*/, ';tag='), [401]],
    ['200 Vias', options({ fields: repeated(200, (n) => `Via: SIP/2.0/UDP h${n}`) }), []],
    ['200 Routes', options({ fields: [`Route: ${repeated(500, (n) => `<sip:h${n};lr>`).join(',')}`] }), [200]],
    ['a * that does not remove', register({ contact: '*' }), [400]],
    ['a * beside another', register({ contact: '*', fields: ['Contact: <sip:a@b>', 'Expires: 0'] }), [400]],
    ['1,000 Contacts', register({ contact: repeated(1000, (n) => `<sip:1001@h${n}>`).join(',') }), [401]],
    ['somebody else’s contacts to be removed', register({ contact: '*', fields: ['Expires: 0'] }), [401]],
    [
      'truncated credentials (GHSA-64qc-9x89-rx5j)',
      register({ fields: ['Authorization: Digest username="100'] }),
      [401],
    ],
    [
      'credentials of two schemes (CVE-2023-28098)',
      register({ fields: ['Authorization: Basic Digest realm=,=,"'] }),
      [401],
    ],
    ['the same parameter twice', register({ fields: ['Authorization: Digest realm="ringmain",realm="x"'] }), [401]],
    ['a MESSAGE of nobody (CVE-2021-37624)', request('MESSAGE'), [405]],
    ['a SUBSCRIBE of nobody (CVE-2021-41157)', request('SUBSCRIBE', { fields: ['Event: presence'] }), [401]],
    [
      'a NOTIFY of whoever would light lamps (RFC 3842)',
      request('NOTIFY', { fields: ['Event: message-summary', 'Content-Type: application/simple-message-summary'] }),
      [403],
    ],
    ['a NOTIFY that nobody asked for', request('NOTIFY', { fields: ['Event: presence'] }), [481]],
    ['a PUBLISH', request('PUBLISH'), [405]],
    ['a loop by Max-Forwards', but(options(), 'Max-Forwards: 70', 'Max-Forwards: 0'), [483]],
    [
      'parts that do not end (kamailio#4791)',
      request('INVITE', { fields: ['Content-Type: multipart/mixed;boundary=""'] }),
      [404],
    ],
  ])('%s', async (_what, text, expected) => {
    peer.send(Buffer.from(text.trimStart().replaceAll('\n', '\r\n'), 'latin1'), proxy)
    await cluster.world.run(1000)

    expect([...statuses].filter((status) => status >= 200)).toEqual(expected)
    expect(await phone.register()).toBe(200)
    expect(await cluster.left()).toEqual(nothing)
  })
})

describe('a caller over TCP', () => {
  it('that is gone before it is answered leaves nothing (CVE-2018-7286)', async () => {
    const { world } = cluster
    const connection = await world.complete(world.host('peer').net.connect(proxy))
    const invites = repeated(50, (n) => request('INVITE', { transport: 'TCP', callID: `gone-${n}` }).trimStart())

    connection.receive(
      () => {},
      () => {},
    )
    connection.write(Buffer.from(invites.join('').replaceAll('\n', '\r\n')))
    await world.run(2)
    connection.destroy()

    expect(await cluster.left()).toEqual(nothing)
    expect(await phone.register()).toBe(200)
  })
})
