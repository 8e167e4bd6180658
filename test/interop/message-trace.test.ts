// What is traced of a call, read by foreign eyes: tshark opens the export of the HTTP API and of the command line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pcapOf } from '#platform/trace/pcap.ts'
import { Sipp } from '../peers/sipp.ts'
import { Sngrep } from '../peers/sngrep.ts'
import { tshark } from '../peers/tshark.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { demoPorts, peerPorts } from '../rig/ports.ts'

const proxy = proxies.dc1[0]
const caller = `127.0.0.1:${peerPorts.sipp}`
const where = ['ip.src', 'udp.srcport', 'ip.dst', 'udp.dstport']
const what = ['sip.Method', 'sip.Status-Code', 'sip.CSeq.method']

describe('the export of a call of which SIPp was the caller', () => {
  let demo: Demo
  let sngrep: Sngrep
  let callUUID = ''
  let capture: Uint8Array

  beforeAll(async () => {
    sngrep = new Sngrep(peerPorts.sngrep)
    demo = await Demo.start()
    const objects = join(demo.data, 'capture-server.yaml')
    writeFileSync(objects, `settings: { captureServer: '127.0.0.1:${peerPorts.sngrep}' }\n`)
    await demo.ringmain(['config', 'apply', objects])
    const call = { scenario: 'caller', remote: proxy, port: peerPorts.sipp, calls: 1, lines: ['8902'] }
    const result = await Sipp.run({ ...call, args: ['-d', '300'], timeout: 20 })
    expect(result, result.output).toMatchObject({ code: 0, successful: 1 })
    const supervisor = await demo.signIn()
    callUUID = (await supervisor.interaction('dnis=8902')).callUUID
    const answer = await fetch(`http://127.0.0.1:${demoPorts.http}/api/v1/calls/${callUUID}/ladder.pcap`, {
      headers: { authorization: `Bearer ${supervisor.token}` },
    })
    expect(answer.headers.get('content-type')).toBe('application/vnd.tcpdump.pcap')
    capture = new Uint8Array(await answer.arrayBuffer())
  })
  afterAll(async () => {
    await demo?.stop()
    await sngrep?.stop()
  })

  /** Who said what to whom on the last hop, as tshark reads it. */
  async function lastHop(of: Uint8Array): Promise<string[]> {
    const rows = await tshark(of, [...where, ...what], `udp.port == ${peerPorts.sipp}`)
    const steps = rows.map(([source, sourcePort, destination, destinationPort, method, status, cseq]) => {
      const step = method === '' ? `${status} ${cseq}` : method
      return `${source}:${sourcePort} ${destination}:${destinationPort} ${step}`
    })
    return steps.filter((step) => !step.endsWith('100 INVITE'))
  }
  const wholeCall = [
    `${caller} ${proxy} INVITE`,
    `${proxy} ${caller} 200 INVITE`,
    `${caller} ${proxy} ACK`,
    `${caller} ${proxy} BYE`,
    `${proxy} ${caller} 200 BYE`,
  ]

  it('shows tshark the last hop: INVITE, 200, ACK and BYE at the addresses where they passed', async () => {
    expect(await lastHop(capture)).toEqual(wholeCall)
  })

  it('is what a capture server was told by HEP3: sngrep, read by tshark', async () => {
    await sngrep.told()

    expect(await lastHop(await sngrep.capture())).toEqual(wholeCall)
  })

  it('has the hops inside too, each member at one address, and nothing in it that tshark cannot read', async () => {
    const invites = await tshark(capture, ['ip.src', 'ip.dst'], 'sip.Method == INVITE && ip.src != ip.dst')
    const broken = await tshark(capture, ['frame.number'], '_ws.malformed || ip.checksum.status == 0')

    expect(new Set(invites.flat())).toEqual(new Set(['127.0.0.1', '198.18.0.1']))
    expect(broken).toEqual([])
  })

  it('is the same from the command line, and as text', async () => {
    const text = await demo.ringmain(['call', 'ladder', callUUID, '--format', 'text'])
    const file = await demo.ringmain(['call', 'ladder', callUUID, '--format', 'pcap'])

    expect(text).toMatch(
      new RegExp(`^\\d{4}/\\d\\d/\\d\\d [\\d:.]{15} ${caller} -> ${proxy}\nINVITE sip:8902@[^\n]*\nVia: `),
    )
    expect(Buffer.from(file, 'latin1')).toEqual(Buffer.from(capture))
  })
})

describe('a capture file', () => {
  const at = Date.UTC(2026, 10, 28, 9, 5, 0, 123)
  const text = [
    'MESSAGE sip:b@ringmain SIP/2.0',
    'Via: SIP/2.0/UDP [2001:db8::7]:5070;branch=z9hG4bK1',
    'From: <sip:a@ringmain>;tag=1',
    'To: <sip:b@ringmain>',
    'Call-ID: x',
    'CSeq: 1 MESSAGE',
    'Content-Type: text/plain',
    'Content-Length: 8',
    '',
    'grün é',
  ].join('\r\n')

  it('holds IPv6 and its time to the millisecond', async () => {
    const ends = { fromAddress: '[2001:db8::7]:5070', toAddress: '[::1]:5060' }
    const capture = pcapOf([{ at, kind: 'sip', from: '[2001:db8::7]:5070', to: 'proxy1.dc1', ...ends, text }])

    const fields = ['ipv6.src', 'udp.srcport', 'ipv6.dst', 'udp.dstport', 'udp.checksum.status', 'frame.time_epoch']
    const rows = await tshark(capture, [...fields, 'sip.Call-ID', 'sip.Content-Length'])

    expect(rows).toEqual([['2001:db8::7', '5070', '::1', '5060', '1', `${at / 1000}000000`, 'x', '8']])
  })
})
