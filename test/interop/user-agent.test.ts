// Our user agent with SIPp and baresip over real UDP: RFC 3261 as others understand it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { type NodeRuntime, nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { Body, ReinviteOutcome, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { Baresip } from '../peers/baresip.ts'
import { Sipp } from '../peers/sipp.ts'
import { peerPorts, phonePorts } from '../rig/ports.ts'

const silence = (version: number): Body => ({
  type: 'application/sdp',
  bytes: Buffer.from(
    [
      'v=0',
      `o=test 1 ${version} IN IP4 127.0.0.1`,
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 39990 RTP/AVP 0',
      'a=rtpmap:0 PCMU/8000',
      '',
    ].join('\r\n'),
  ),
})

describe('the user agent', () => {
  let runtime: NodeRuntime
  let agent: UserAgent
  let transport: SipTransport
  let transactions: TransactionLayer
  let port = 0

  beforeEach(async () => {
    runtime = nodeRuntime()
    const ports = { runtime, log: silentLog, metrics: noMetrics }
    transport = new SipTransport(ports)
    port = (await transport.listenUdp({ host: '127.0.0.1', port: 0 })).port
    transactions = new TransactionLayer({ ...ports, transport })
    const nextHop = (uri: string) => {
      const [, host = '', port = '5060'] = /@?(127\.[\d.]+)(?::(\d+))?/.exec(uri) ?? []
      return { protocol: 'UDP', host, port: Number(port) } as const
    }
    agent = createUserAgent({ ...ports, transactions, transport }, { product: 'Test/1', contactUser: 'test', nextHop })
  })

  afterEach(async () => {
    transactions.close()
    await transport.close()
    await runtime.close()
  })

  /** Calls `uri`; resolves with what answers, and tells when the session is over. */
  function dial(uri: string) {
    let over = (_cause: string) => {}
    const ended = new Promise<string>((resolve) => {
      over = resolve
    })
    const user: SessionUser = { ended: ({ cause }) => over(cause) }
    const answered = new Promise<Body | undefined>((resolve, reject) => {
      user.answered = ({ body }) => resolve(body)
      user.failed = ({ status }) => reject(new Error(`${uri} answered ${status}`))
    })
    const to = `<${uri}>`
    const session = agent.invite({ requestURI: uri, from: '<sip:test@127.0.0.1>', to, body: silence(1) }, user)
    return { session, answered, ended }
  }

  it('takes 50 calls of SIPp, re-INVITEs each, and is hung up on (§13.3, §14, §15)', async () => {
    const reinvites: ReinviteOutcome[] = []
    const endings: string[] = []
    agent.onInvite((session) => {
      session.progress(180)
      session.accept(silence(1))
      return {
        user: {
          acknowledged: () => session.reinvite(silence(2), (outcome) => reinvites.push(outcome)),
          ended: ({ cause }) => endings.push(cause),
        },
      }
    })

    const result = await Sipp.run({
      scenario: 'acd-caller',
      remote: `127.0.0.1:${port}`,
      port: peerPorts.sipp,
      calls: 50,
      rate: 50,
      timeout: 30,
      keys: { number: '8000' },
      args: ['-d', '200'],
    })

    expect(result).toMatchObject({ code: 0, successful: 50, failed: 0, retransmissions: 0 })
    expect(new Set(reinvites.map(({ status }) => status))).toEqual(new Set([200]))
    expect(endings).toEqual(Array(50).fill('bye'))
    expect(agent.counts()).toEqual({ sessions: 0, dialogs: 0, requests: 0 })
  })

  it('calls SIPp, which answers, and hangs up (§13.2, §15)', async () => {
    const callee = new Sipp({ scenario: 'agent', port: peerPorts.sipp + 10, calls: 1, timeout: 30 })
    try {
      // Until SIPp listens, the INVITE is repeated.
      const { session, answered } = dial(`sip:agent@127.0.0.1:${peerPorts.sipp + 10}`)
      const answer = await answered
      session.bye()
      const result = await callee.finished()

      expect(answer?.bytes.toString()).toContain('m=audio')
      expect(result).toMatchObject({ code: 0, successful: 1, failed: 0 })
    } finally {
      await callee.stop()
    }
  })

  it('calls baresip, re-INVITEs it, and is hung up on (§13.2, §14.1, §15)', async () => {
    const outbound = `sip:127.0.0.1:${port}`
    const ports = phonePorts(1)
    const phone = await Baresip.start({
      user: 'phone',
      ...ports,
      outbound,
      tone: 440,
      answer: 'auto',
    })
    try {
      const { session, answered, ended } = dial(`sip:phone@127.0.0.1:${ports.sipPort}`)
      const first = await answered
      const outcome = await new Promise<ReinviteOutcome>((resolve) => session.reinvite(silence(2), resolve))
      await phone.event('CALL_ESTABLISHED')
      phone.hangup()
      const cause = await ended

      expect(first?.type).toBe('application/sdp')
      expect([outcome.status, outcome.body?.type]).toEqual([200, 'application/sdp'])
      expect(cause).toBe('bye')
    } finally {
      await phone.stop()
    }
  })
})
