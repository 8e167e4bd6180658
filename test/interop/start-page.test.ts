/** The start page in a real browser, on Web Services with real sockets; the node behind them says what the test says. */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webServices } from '#layers/workspace/web-services/component.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { timestamp } from '#platform/time.ts'
import { fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { LocalPorts } from '#protocols/tlib/local.ts'
import { Published } from '#protocols/tlib/published.ts'
import { createPort } from '#protocols/tlib/server.ts'
import { openChromium } from '../peers/chromium.ts'

const hostile = '<img src=x onerror=alert(1)>'
const callUUID = '01900000-0000-7000-8000-000000000007'
const at = { host: '127.0.0.1', port: 7002 }

const runtime = nodeRuntime()
const now = () => timestamp(runtime.clock.wall())
const local = new LocalPorts()
const port = createPort({
  runtime,
  service: {
    link: () => ({ node: 'node1', dc: 'dc1', epoch: 1, module: 't-controller' }),
    request: (request, requester) => {
      if (request.name === 'RequestStartCallMonitoring')
        requester.answer({ name: 'EventCallMonitoringStarted', time: now(), addresses: [] })
    },
    snapshot() {},
    closed() {},
  },
})

let browser: Browser
let page: Page
let services: Awaited<ReturnType<typeof start>>
const complaints: string[] = []

async function start(httpPort: number) {
  local.add(at, port)
  const coordination = new InProcessCoordination().member(runtime.clock)
  const tlib = { sessionController: at, tController: at, interactionProxy: at }
  await coordination.announce('sip-server/dc1/node1', JSON.stringify({ node: 1, epoch: 1, geoLocation: '', tlib }))
  const invite = `INVITE sip:8010@ringmain SIP/2.0\r\nFrom: "${hostile}" <sip:+44@ringmain>\r\nCSeq: 1 INVITE\r\n\r\n`
  const person = { employeeId: '1001', name: hostile, roles: ['agent' as const, 'supervisor' as const] }
  return webServices({
    configuration: fixedConfiguration(
      configurationFrom({
        persons: [{ ...person, passwordHash: 'of demo' }],
        routingPoints: [{ number: '8010', name: 'People', strategy: 'queue' }],
      }),
    ),
    statistics: { agents: () => [], agent: () => undefined, queues: () => [], watch: () => ({ cancel() {} }) },
    history: { list: async () => ({ items: [] }), get: async () => undefined },
    ladder: {
      read: async () => [
        { at: runtime.clock.wall(), kind: 'sip', from: 'carrier', to: 'proxy1', text: invite },
        { at: runtime.clock.wall(), kind: 'sip', from: 'proxy1', to: 'carrier', text: 'SIP/2.0 100 Trying\r\n\r\n' },
      ],
    },
    verifyPassword: async (hash, password) => hash === `of ${password}`,
    local,
  }).start({
    runtime,
    coordination,
    log: silentLog,
    metrics: noMetrics,
    config: {
      ...{ dc: 'dc1', name: 'web', sessionHours: 1, requestsPerMinute: 6000, events: 1000 },
      http: { host: '127.0.0.1', port: httpPort },
      sessionSecret: 'the same before and after a restart',
      demo: { username: '1001', password: 'demo' },
    },
  })
}

const tell = (event: Event) => {
  for (const client of port.clients) client.tell(new Published(event))
}
const call = { connID: '0001000100000007', callUUID, callType: 'Inbound', ani: hostile, dnis: '8010' } as const

beforeAll(async () => {
  services = await start(0)
  browser = await openChromium()
  page = await browser.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
})
afterAll(async () => {
  await browser?.close()
  await services?.stop()
  await runtime.close()
})

describe('the start page', () => {
  it('signs in by one click and shows the contact centre live', async () => {
    await page.goto(`http://127.0.0.1:${services.local.port}/`)
    await page.getByRole('button', { name: /demo supervisor/ }).click()

    await page.getByText('dc1 ● live').waitFor()
    await page.getByRole('cell', { name: 'People' }).waitFor()
    await page.getByText('No call is going on.').waitFor()
  })

  it('shows a call as it comes, what its caller calls himself as text', async () => {
    tell({ name: 'EventCallCreated', ...call, time: now(), eventNo: 1, cSeq: 1 })
    tell({
      ...{ name: 'EventQueued', ...call, time: now(), eventNo: 2 },
      ...{ thisDN: '8010', thisDNRole: 'Destination', thisQueue: '8010' },
    })

    await page.getByRole('link', { name: hostile }).waitFor()
    await page.getByText('queued', { exact: true }).waitFor()
  })

  it('saves the messages of the call as a capture file', async () => {
    await page.goto(`http://127.0.0.1:${services.local.port}/#/call/${callUUID}`)
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save pcap' }).click(),
    ])
    const bytes = readFileSync(await file.path())
    await page.goBack()

    expect(file.suggestedFilename()).toBe(`${callUUID}.pcap`)
    expect(bytes.readUInt32LE(0)).toBe(0xa1b2c3d4)
    expect(bytes.includes('INVITE')).toBe(true)
  })

  it('shows the ladder of the call, by keyboard too', async () => {
    await page.getByRole('link', { name: hostile }).focus()
    await page.keyboard.press('Enter')
    const row = page.getByRole('button', { name: /INVITE 8010, from carrier to proxy1/ })
    await row.waitFor()
    await row.focus()
    await page.keyboard.press('Enter')

    await page.getByText(`From: "${hostile}"`).waitFor()
    expect(await page.getByRole('button', { name: /100 Trying/ }).count()).toBe(1)
  })

  it('stays signed in over a reload, and says what is empty', async () => {
    await page.goto(`http://127.0.0.1:${services.local.port}/#/history`)
    await page.reload()

    await page.getByText('No interaction has ended yet').waitFor()
  })

  it('says when the connection is lost, and comes back by itself', async () => {
    await page.goto(`http://127.0.0.1:${services.local.port}/#/`)
    await page.getByText('dc1 ● live').waitFor()
    const { local: address } = services

    await services.stop()
    await page.getByText('Connection lost.').waitFor()
    services = await start(address.port)

    await page.getByText('dc1 ● live').waitFor()
    expect(await page.getByText('Connection lost.').isVisible()).toBe(false)
  })

  it('runs nothing that a caller sent, and nothing against its own policy', () => {
    // For a while nobody answered: that is told as errors.
    const serious = complaints.filter((text) => !/ERR_CONNECTION_REFUSED|WebSocket/.test(text))

    expect(serious).toEqual([])
  })
})
