// Message waiting (RFC 3842): SIPp is the voicemail server, baresip phones in both data centres subscribe.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../peers/process.ts'
import { Sipp } from '../peers/sipp.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { Phones } from '../rig/phones.ts'
import { peerPorts } from '../rig/ports.ts'

/** Not at 127.0.0.1: what comes from there is of the demo's carrier. */
const server = '127.0.0.9'
const remote = proxies.dc1[0]

describe('message waiting', () => {
  const phones = new Phones()
  const folder = temporaryFolder('voicemail')
  let demo: Demo

  beforeAll(async () => {
    const file = join(folder.path, 'voicemail.yaml')
    writeFileSync(file, JSON.stringify({ trunks: [{ name: 'voicemail', voicemail: true, sources: [server] }] }))
    demo = await Demo.start({ apply: [file] })
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
    folder.remove()
  })

  const tell = (host: string, keys: { number: string; waiting: string; counts: string }) =>
    Sipp.run({ scenario: 'voicemail', host, remote, port: peerPorts.sipp, calls: 1, timeout: 20, keys })

  it.each([
    ['where the server speaks to', '1001', proxies.dc1[1]],
    ['that the server does not know', '1006', proxies.dc2[0]],
  ])(
    'is shown by a phone in the data centre %s, which subscribes: none, then some, then none again',
    async (_what, number, proxy) => {
      const phone = await phones.agent(number, { outbound: `sip:${proxy}`, messages: true })
      const first = await phone.event('MWI_NOTIFY')

      const results = [await tell(server, { number, waiting: 'yes', counts: '2/8 (0/2)' })]
      const second = await phone.event('MWI_NOTIFY', 2)
      results.push(await tell(server, { number, waiting: 'no', counts: '0/10' }))
      const third = await phone.event('MWI_NOTIFY', 3)

      for (const result of results) expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
      expect(first.param).toBe(`Messages-Waiting: no\r\nMessage-Account: sip:${number}@ringmain\r\n`)
      const account = 'Message-Account: sip:8901@ringmain'
      expect(second.param).toBe(`Messages-Waiting: yes\r\n${account}\r\nVoice-Message: 2/8 (0/2)\r\n`)
      expect(third.param).toBe(`Messages-Waiting: no\r\n${account}\r\nVoice-Message: 0/10\r\n`)
    },
  )

  it('is not taken from a carrier: 403', async () => {
    const result = await tell('127.0.0.1', { number: '1001', waiting: 'yes', counts: '1/0' })

    expect(result).toMatchObject({ successful: 0, failed: 1 })
    expect(result.output).toContain('SIP/2.0 403 Not a Voicemail Server')
  })
})
