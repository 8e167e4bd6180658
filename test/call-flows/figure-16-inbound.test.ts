// Blueprint figure 16: an inbound call is greeted, queued and routed to an agent; caller and agent's phone behind a
// Session Border Controller that alternates dc1's proxies.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Interaction, LadderItem } from '#protocols/model/http/calls.ts'
import type { Baresip } from '../peers/baresip.ts'
import { Kamailio } from '../peers/kamailio.ts'
import { heard } from '../peers/wav.ts'
import type { ApiClient, EventStream } from '../rig/api.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { Phones, tones } from '../rig/phones.ts'
import { peerPorts } from '../rig/ports.ts'
import { TLibListener } from '../rig/tlib.ts'

/** Seconds the two talk. */
const talk = 6

describe.each(['direct', 'anchored'] as const)('figure 16: inbound call, media %s', (media) => {
  const phones = new Phones()
  let demo: Demo
  let sbc: Kamailio
  let routers: TLibListener
  let desktop: TLibListener
  let concentrator: TLibListener
  let supervisor: ApiClient
  let stream: EventStream
  let caller: Baresip
  let phone: Baresip
  let callUUID = ''
  let record: Interaction
  let ladder: LadderItem[]

  const sip = (pattern: RegExp) => ladder.filter(({ kind, text }) => kind === 'sip' && pattern.test(text))

  beforeAll(async () => {
    demo = await Demo.start({ apply: media === 'anchored' ? ['test/rig/anchored.yaml'] : [] })
    sbc = await Kamailio.sbc({ port: peerPorts.kamailio, proxies: proxies.dc1 })
    const outbound = `sip:127.0.0.1:${peerPorts.kamailio}`
    phone = await phones.agent('1001', { outbound })
    caller = await phones.caller({ outbound })
    routers = await TLibListener.connect('session-controller', { addresses: ['1001'] })
    desktop = await TLibListener.connect('t-controller', { monitor: true })
    concentrator = await TLibListener.connect('interaction-proxy', { pool: 'test' })
    supervisor = await demo.signIn()
    stream = await supervisor.events()
  })
  afterAll(async () => {
    stream?.close()
    for (const listener of [routers, desktop, concentrator]) await listener?.close()
    await phones.stop()
    await sbc?.stop()
    await demo?.stop()
  })

  it('1–3: the INVITE from the trunk passes SBC and proxy to the SIP Server, which takes the call', async () => {
    caller.dial('sip:8010@ringmain')

    const created = await desktop.next('EventCallCreated')

    callUUID = created.callUUID
    expect(created).toMatchObject({ callType: 'Inbound', dnis: '8010' })
    expect(created.ani).toContain('442079460018')
  })

  it('4: EventQueued and EventRouteRequest go to the routing layer, whose strategy asks for a treatment', async () => {
    const treated = await desktop.next('EventTreatmentApplied', (event) => event.callUUID === callUUID)

    expect(treated).toMatchObject({ thisDN: '8010', treatmentType: 'PlayAnnouncement' })
    const names = desktop.ofCall(callUUID).filter((name) => / 8010$/.test(name) && !name.startsWith('EventCall'))
    expect(names.slice(0, 3)).toEqual(['EventQueued 8010', 'EventRouteRequest 8010', 'EventTreatmentApplied 8010'])
  })

  it('5–6: the caller is answered by the media server and the treatment is played', async () => {
    await caller.event('CALL_ESTABLISHED')

    await desktop.next('EventTreatmentEnd', (event) => event.callUUID === callUUID)
    const [live] = await supervisor.calls()
    expect(live).toMatchObject({ callUUID, dnis: '8010', state: 'queued', queue: '8010', dc: 'dc1' })
  })

  it('7–11: with an agent ready the call is routed to his phone, and EventRinging leaves on all three ports', async () => {
    const agent = await demo.signIn('1001')
    await agent.ready('1001')

    const ofCall = (event: { callUUID: string; thisDN: string }) =>
      event.callUUID === callUUID && event.thisDN === '1001'
    const ringing = await desktop.next('EventRinging', ofCall)
    await routers.next('EventRinging', ofCall)
    await concentrator.next('EventRinging', ofCall)

    expect(ringing).toMatchObject({
      agentID: '1001',
      thisQueue: '8010',
      callType: 'Inbound',
      thisDNRole: 'Destination',
    })
  })

  it('12: Web Services forward the ringing to the agent’s workspace', async () => {
    const event = await stream.next(({ type }) => type === 'call.ringing')

    expect(event).toMatchObject({ dc: 'dc1', data: { event: 'EventRinging' } })
  })

  it('both hear each other without a gap until one hangs up', async () => {
    await phone.event('CALL_ESTABLISHED')
    await desktop.next('EventEstablished', ({ callUUID: of, thisDN }) => of === callUUID && thisDN === '1001')
    await new Promise((resolve) => setTimeout(resolve, talk * 1000))
    caller.hangup()
    await phone.event('CALL_CLOSED')
    await desktop.next('EventCallDeleted', (event) => event.callUUID === callUUID)

    const byAgent = heard(phone.heard(), tones.caller)
    const byCaller = heard(caller.heard(), tones.agent)

    expect(byAgent.seconds).toBeGreaterThan(talk - 1.5)
    expect(byCaller.seconds).toBeGreaterThan(talk - 1.5)
    expect(byAgent.longestGap).toBeLessThanOrEqual(100)
    expect(byCaller.longestGap).toBeLessThanOrEqual(100)
  })

  it('the record reaches history with the right parties, segments, times and ending', async () => {
    record = await supervisor.interaction('dnis=8010')

    expect(record).toMatchObject({ callUUID, dnis: '8010', ending: { by: 'customer', cause: 'hangup' } })
    expect(record.ani).toContain('442079460018')
    const inCall = record.segments.filter(({ kind }) => kind !== 'wrap-up')
    expect(inCall.map(({ kind }) => kind)).toEqual(['greeting', 'queue', 'ringing', 'talk'])
    expect(inCall[0]?.startedAt).toBe(record.startedAt)
    expect(inCall.at(-1)?.endedAt).toBe(record.endedAt)
    for (const [index, segment] of inCall.entries())
      if (index > 0) expect(segment.startedAt).toBe(inCall[index - 1]?.endedAt)
    const talked = inCall.at(-1)
    expect(talked).toMatchObject({ agentId: '1001', queue: '8010' })
    const seconds = (Date.parse(talked?.endedAt ?? '') - Date.parse(talked?.startedAt ?? '')) / 1000
    expect(Math.abs(seconds - talk)).toBeLessThan(1)
    expect(record.parties.map(({ dn, role }) => `${role} ${dn}`)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^caller .*442079460018/), 'agent 1001']),
    )
  })

  it(`the caller gets ${media === 'direct' ? 'exactly one re-INVITE' : 'no re-INVITE'}`, async () => {
    ladder = (await supervisor.ladder(callUUID)).items
    const callID = /^Call-ID: *(.+?)\r?$/im.exec(sip(/^INVITE sip:8010@/)[0]?.text ?? '')?.[1] ?? 'none'

    const toCaller = sip(/^INVITE /).filter(({ text }) => text.includes(callID) && /^To: .*;tag=/im.test(text))

    expect(callID).not.toBe('none')
    const proxy = toCaller[0]?.to
    expect(toCaller.map(({ from, to }) => `${from} → ${to}`)).toEqual(
      media === 'direct' ? [`node1.dc1 → ${proxy}`, `${proxy} → 127.0.0.1:${peerPorts.kamailio}`] : [],
    )
  })

  it('EventRinging was published in the turn of the INVITE to the phone: before the node received anything more', () => {
    const ofNode = ladder.filter(({ from, to }) => from === 'node1.dc1' || to === 'node1.dc1')
    const steps = ofNode.map(
      ({ kind, from, to, text }) => `${from} → ${to}: ${kind === 'sip' ? startLine(text) : name(text)}`,
    )

    const invite = steps.findIndex((step) => /^node1.dc1 → .*: INVITE sip:1001@/.test(step))

    expect(steps.slice(invite + 1, invite + 4)).toEqual([
      'node1.dc1 → 8010: EventRouteUsed',
      'node1.dc1 → 8010: EventDiverted',
      'node1.dc1 → 1001: EventRinging',
    ])
  })

  it('the ladder tells why this agent was chosen', () => {
    const decisions = ladder.filter(({ kind }) => kind === 'routing')

    expect(decisions.map(({ text }) => text).join('\n')).toMatch(/1001/)
  })

  it('breaks no invariant of the T-Library stream, on the port that tells everything', () => {
    expect(desktop.violations).toEqual([])
    expect(concentrator.violations).toEqual([])
  })
})

const startLine = (message: string) => message.slice(0, message.indexOf('\r\n'))
const name = (event: string) => (JSON.parse(event) as { name: string }).name
