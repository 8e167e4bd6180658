// Extensions that phones and carriers demand, spoken by SIPp and baresip to the whole chain: proxy, node, media server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { OutgoingSession } from '#protocols/sip/core/session.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { Sipp } from '../peers/sipp.ts'
import { heard } from '../peers/wav.ts'
import { until } from '../rig/api.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { samples } from '../rig/figures.ts'
import { Phones, tones } from '../rig/phones.ts'
import { demoPorts, peerPorts } from '../rig/ports.ts'

const remote = proxies.dc1[0]

describe('extensions', () => {
  const phones = new Phones()
  let demo: Demo

  beforeAll(async () => {
    demo = await Demo.start()
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
  })

  /** Whoever calls over the trunk by that scenario. */
  const callBy = (scenario: string, number: string) =>
    Sipp.run({ scenario, remote, port: peerPorts.sipp, calls: 1, timeout: 20, keys: { number } })

  it('a caller with a session timer: 422, then granted, refreshed by UPDATE (RFC 4028 §9)', async () => {
    const result = await callBy('timed-caller', '8902')

    expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
  })

  it.each([
    ['wants a longer session timer is called again with it (RFC 4028 §7.3)', 'timed-callee', '1007'],
    [
      'answers by a reliable 183, and offers anew by UPDATE before its 2xx (RFC 3262, RFC 3311)',
      'reliable-callee',
      '1003',
    ],
  ])('a carrier that %s', async (_what, scenario, dn) => {
    // It is asked by OPTIONS too how it does, which SIPp counts as calls: it goes on until this one is done.
    const carrier = new Sipp({ scenario, port: demoPorts.carrier, timeout: 30, args: ['-aa'] })
    try {
      const agent = await phones.agent(dn)
      agent.dial('sip:442079460018@ringmain')
      await agent.event('CALL_ESTABLISHED')
      agent.hangup()

      const whole = async () => (carrier.counters().successful === 1 ? true : undefined)
      expect(await until(whole, 10_000, 'the whole scenario')).toBe(true)
    } finally {
      await carrier.stop()
    }
  })

  it('a caller that requires reliable provisional responses hears early what the phone says (RFC 3262)', async () => {
    const port = peerPorts.sipp + 10
    const keys = { contact: String(port), expires: '20' }
    const lines = ['1002;[authentication username=1002 password=demo]']
    const args = ['-auth_uri', 'ringmain']
    await Sipp.run({ scenario: 'register', remote, port: peerPorts.sipp, calls: 1, timeout: 20, keys, lines, args })
    const phone = new Sipp({ scenario: 'early-callee', port, calls: 1, timeout: 20 })
    try {
      const result = await callBy('reliable-caller', '1002')

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
      expect(await phone.finished()).toMatchObject({ code: 0, successful: 1, failed: 0 })
    } finally {
      await phone.stop()
    }
  })

  it('a phone is told of the calls of another, as its lamps show them (RFC 6665, RFC 4235)', async () => {
    await phones.agent('1001')
    const lines = ['1006;[authentication username=1006 password=demo]']
    const args = ['-auth_uri', '1001@ringmain']
    const port = peerPorts.sipp + 20
    const watcher = new Sipp({ scenario: 'watcher', remote, port, calls: 1, timeout: 20, lines, args })
    try {
      const caller = await phones.caller()
      const subscriptions = async () => (await samples('sip_subscriptions')).reduce((sum, { value }) => sum + value, 0)
      await until(async () => ((await subscriptions()) > 0 ? true : undefined), 10_000, 'a subscription')
      caller.dial('sip:1001@ringmain')
      const result = await watcher.finished()
      caller.hangup()
      await caller.event('CALL_CLOSED')

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
    } finally {
      await watcher.stop()
    }
  })

  it('two phones talk to each other when whoever called both transfers by REFER with Replaces (RFC 3891)', async () => {
    const admin = await demo.signIn()
    const [one, other] = [await phones.agent('1004'), await phones.agent('1005')]
    const operator = await Operator.open()
    try {
      const main = await operator.call('1004')
      const consult = await operator.call('1005')
      const { callID, remoteTag, localTag } = consult.session
      const dialog = encodeURIComponent(`${callID};to-tag=${remoteTag};from-tag=${localTag}`)
      const accepted = await operator.refer(main.session, `<sip:1005@ringmain?Replaces=${dialog}>`)
      await Promise.all([main.ended, consult.ended])
      const calls = await until(async () => ((await admin.calls()).length === 1 ? true : undefined), 5_000, 'one call')
      await operator.later(3_000)
      one.hangup()
      await other.event('CALL_CLOSED')

      expect([accepted, calls]).toEqual([202, true])
      for (const phone of [one, other]) expect(heard(phone.heard(), tones.agent).seconds).toBeGreaterThan(2)
    } finally {
      await operator.close()
    }
  })
})

/** A caller over the trunk with two calls at a time, which no phone of the tests can. */
class Operator {
  private readonly runtime = nodeRuntime()
  private readonly transport = new SipTransport({ runtime: this.runtime, log: silentLog, metrics: noMetrics })
  private readonly ports = { runtime: this.runtime, log: silentLog, metrics: noMetrics, transport: this.transport }
  private readonly transactions = new TransactionLayer(this.ports)
  private readonly agent = createUserAgent(
    { ...this.ports, transactions: this.transactions },
    { product: 'Test/1', nextHop: () => ({ protocol: 'UDP', host: '127.0.0.1', port: demoPorts.sip }) },
  )

  static async open(): Promise<Operator> {
    const operator = new Operator()
    await operator.transport.listenUdp({ host: '127.0.0.1', port: 0 })
    return operator
  }

  /** Resolves when it is answered; `ended` when it is over. */
  call(dn: string): Promise<{ session: OutgoingSession; ended: Promise<void> }> {
    const lines = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 39990 RTP/AVP 0',
      '',
    ]
    const body = { type: 'application/sdp', bytes: Buffer.from(lines.join('\r\n')) }
    const uri = `sip:${dn}@ringmain`
    let over = () => {}
    const ended = new Promise<void>((resolve) => {
      over = resolve
    })
    return new Promise((resolve, reject) => {
      const session = this.agent.invite(
        { requestURI: uri, from: '<sip:+442079460018@carrier.example>', to: `<${uri}>`, body },
        {
          answered: () => resolve({ session, ended }),
          failed: ({ status }) => reject(new Error(`${dn} answered ${status}`)),
          requested: ({ respond }) => respond(200),
          ended: () => over(),
        },
      )
    })
  }

  refer(session: OutgoingSession, to: string): Promise<number> {
    return new Promise((resolve) => session.request('REFER', ({ status }) => resolve(status), [['Refer-To', to]]))
  }

  later(ms: number): Promise<void> {
    return new Promise((resolve) => void this.runtime.clock.after(ms, resolve))
  }

  async close(): Promise<void> {
    this.transactions.close()
    await this.transport.close()
    await this.runtime.close()
  }
}
