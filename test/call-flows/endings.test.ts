// How calls end: the rows of the table of endings that a caller, a callee, the carrier or an operator can bring about,
// each seen by the phones and read back from history. `overload` and `error` are tested beside the Session Controller.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Agent } from '#protocols/model/http/agents.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { Baresip } from '../peers/baresip.ts'
import { Sipp } from '../peers/sipp.ts'
import { type ApiClient, until } from '../rig/api.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { Phones } from '../rig/phones.ts'
import { demoPorts, peerPorts } from '../rig/ports.ts'
import { TLibListener } from '../rig/tlib.ts'

describe('endings', () => {
  const phones = new Phones()
  let demo: Demo
  let admin: ApiClient
  let desktop: TLibListener
  let caller: Baresip
  /** A call whose phone vanished: that takes most of a minute to be noticed, so it goes on beside all others. */
  let bereft: { caller: Baresip; callUUID: string }
  /** 1001 answers by itself; 1002 rings until told. */
  let prompt: Baresip
  let patient: Baresip
  /** Calls that had come to 1002's phone, and had ended at the caller's, before the newest one. */
  let earlier = { incoming: 0, closed: 0 }

  beforeAll(async () => {
    demo = await Demo.start({ apply: ['test/rig/short-times.yaml'] })
    admin = await demo.signIn()
    desktop = await TLibListener.connect('t-controller', { monitor: true })
    prompt = await phones.agent('1001')
    patient = await phones.agent('1002', { answer: 'manual' })
    caller = await phones.caller()
    bereft = await loseAPhone()
  })
  afterAll(async () => {
    await desktop?.close()
    await phones.stop()
    await demo?.stop()
  })

  /** A call between two others, whose called phone vanishes without a word. */
  async function loseAPhone() {
    const phone = await phones.agent('1004')
    const caller = await phones.caller({ user: '+442079460019' })
    caller.dial('sip:1004@ringmain')
    const { callUUID } = await desktop.next('EventEstablished', ({ thisDN }) => thisDN === '1004')
    await phone.vanish()
    return { caller, callUUID }
  }
  /** Resolves when the node has the call. */
  function dial(number: string) {
    earlier = { incoming: count(patient, 'CALL_INCOMING'), closed: count(caller, 'CALL_CLOSED') }
    const before = new Set(desktop.events.map((event) => ('callUUID' in event ? event.callUUID : '')))
    caller.dial(`sip:${number}@ringmain`)
    return desktop.next('EventCallCreated', ({ callUUID }) => !before.has(callUUID))
  }
  /** Calls, lets `then` happen, waits for the end, and gives the record. */
  async function call(number: string, then: () => Promise<void> | void = () => {}): Promise<Interaction> {
    const created = await dial(number)
    await then()
    await callerIsOut()
    return recordOf(created.callUUID)
  }
  /** Of a call that has just ended. */
  const recordOf = (callUUID: string) =>
    until(() => admin.get<Interaction>(`/api/v1/interactions/${callUUID}`).catch(() => undefined), 5_000, callUUID)
  /** Resolves at the first event of the newest call. */
  function seen(name: 'EventRinging' | 'EventEstablished' | 'EventTreatmentApplied' | 'EventTreatmentEnd') {
    const created = desktop.events.findLast((event) => event.name === 'EventCallCreated')
    const of = created !== undefined && 'callUUID' in created ? created.callUUID : undefined
    return desktop.next(name, ({ callUUID }) => callUUID === of)
  }
  const patientRings = () => patient.event('CALL_INCOMING', earlier.incoming + 1)
  const callerIsOut = () => caller.event('CALL_CLOSED', earlier.closed + 1, 30_000)
  const stateOf = async (employeeId: string) =>
    (await admin.get<Agent[]>('/api/v1/agents')).find((agent) => agent.employeeId === employeeId)
  const kinds = ({ segments }: Interaction) => segments.map(({ kind }) => kind).filter((kind) => kind !== 'wrap-up')

  it('customer, hangup: the caller hangs up after the answer', async () => {
    const record = await call('1001', async () => {
      await seen('EventEstablished')
      caller.hangup()
    })

    expect(record.ending).toEqual({ by: 'customer', cause: 'hangup' })
    expect(kinds(record)).toEqual(['ringing', 'talk'])
  })

  it('agent, hangup: the called side hangs up', async () => {
    const record = await call('1001', async () => {
      await seen('EventEstablished')
      prompt.hangup()
    })

    expect(record.ending).toEqual({ by: 'agent', cause: 'hangup' })
  })

  it('customer or agent, hangup: both hang up at once, and the call ends once', async () => {
    const record = await call('1001', async () => {
      await seen('EventEstablished')
      caller.hangup()
      prompt.hangup()
    })

    expect(record.ending?.cause).toBe('hangup')
    expect(record.parties.every(({ leftAt }) => leftAt !== null)).toBe(true)
  })

  it('customer, abandoned-greeting', async () => {
    const record = await call('8010', async () => {
      await seen('EventTreatmentApplied')
      caller.hangup()
    })

    expect(record.ending).toEqual({ by: 'customer', cause: 'abandoned-greeting' })
    expect(kinds(record)).toEqual(['greeting'])
  })

  it('customer, abandoned-ivr: in the menu', async () => {
    const record = await call('8001', async () => {
      await seen('EventTreatmentApplied')
      caller.hangup()
    })

    expect(record.ending).toEqual({ by: 'customer', cause: 'abandoned-ivr' })
    expect(kinds(record)).toEqual(['ivr'])
  })

  it('customer, abandoned-queue', async () => {
    const record = await call('8010', async () => {
      await seen('EventTreatmentEnd')
      caller.hangup()
    })

    expect(record.ending).toEqual({ by: 'customer', cause: 'abandoned-queue' })
    expect(kinds(record)).toEqual(['greeting', 'queue'])
  })

  it('customer, abandoned-ringing: while the agent’s phone rings; the agent stays ready', async () => {
    await (await demo.signIn('1002')).ready('1002')
    const record = await call('8010', async () => {
      await seen('EventRinging')
      caller.hangup()
    })

    expect(record.ending).toEqual({ by: 'customer', cause: 'abandoned-ringing' })
    expect(kinds(record)).toEqual(['greeting', 'queue', 'ringing'])
    expect((await stateOf('1002'))?.state).toBe('ready')
  })

  it('an agent who rejects is not ready, and the caller is back in the queue', async () => {
    const record = await call('8010', async () => {
      await patientRings()
      patient.hangup()
      await desktop.next('EventAgentNotReady', ({ agentID, reasons }) => agentID === '1002' && reasons !== undefined)
      caller.hangup()
    })

    expect(await stateOf('1002')).toMatchObject({ state: 'not-ready', reason: 'rejected' })
    expect(record.ending).toEqual({ by: 'customer', cause: 'abandoned-queue' })
    expect(kinds(record)).toEqual(['greeting', 'queue', 'ringing', 'queue'])
  })

  it('an agent who does not answer is not ready, and the caller is back in the queue', async () => {
    const agent = await demo.signIn('1002')
    await agent.put('/api/v1/me/state', { state: 'ready' })
    const record = await call('8010', async () => {
      await seen('EventRinging')
      await until(async () => ((await stateOf('1002'))?.reason === 'no-answer' ? true : undefined), 10_000, 'no-answer')
      caller.hangup()
    })

    expect(await stateOf('1002')).toMatchObject({ state: 'not-ready', reason: 'no-answer' })
    expect(kinds(record)).toEqual(['greeting', 'queue', 'ringing', 'queue'])
  })

  it('an agent whose phone unregisters while it rings is not ready, and the caller is back in the queue', async () => {
    const phone = await phones.agent('1003', { answer: 'manual' })
    await (await demo.signIn('1003')).ready('1003')
    const record = await call('8010', async () => {
      await seen('EventRinging')
      const leaving = phone.quit()
      await until(
        async () => ((await stateOf('1003'))?.state === 'not-ready' ? true : undefined),
        10_000,
        '1003 not ready',
      )
      await leaving
      caller.hangup()
    })

    expect((await stateOf('1003'))?.state).toBe('not-ready')
    expect(record.ending).toEqual({ by: 'customer', cause: 'abandoned-queue' })
  })

  it('customer, cancelled: before a direct call is answered', async () => {
    const record = await call('1002', async () => {
      await patientRings()
      caller.hangup()
    })

    expect(record.ending).toEqual({ by: 'customer', cause: 'cancelled' })
    expect(kinds(record)).toEqual(['ringing'])
  })

  it('customer, cancelled: the caller cancels as the callee answers, and neither is left in a call', async () => {
    const record = await call('1002', async () => {
      await patientRings()
      patient.answer()
      caller.hangup()
    })

    expect(['cancelled', 'hangup']).toContain(record.ending?.cause)
    expect(record.ending?.by).toBe('customer')
    const others = async () => (await admin.calls()).filter(({ callUUID }) => callUUID !== bereft.callUUID)
    await until(async () => ((await others()).length === 0 ? true : undefined), 5_000, 'no other live call')
  })

  it('agent, busy 486', async () => {
    const record = await call('1002', async () => {
      await patientRings()
      patient.hangup()
    })

    expect(record.ending).toEqual({ by: 'agent', cause: 'busy', status: 486 })
  })

  it('agent, rejected 603', async () => {
    const phone = new Sipp({
      scenario: 'callee-603',
      port: peerPorts.sipp,
      calls: 1,
    })
    await register('1005', peerPorts.sipp)

    const record = await call('1005')

    await phone.stop()
    expect(record.ending).toEqual({ by: 'agent', cause: 'rejected', status: 603 })
  })

  it('agent, no-answer 480', async () => {
    const record = await call('1002')

    expect(record.ending).toEqual({ by: 'agent', cause: 'no-answer', status: 480 })
  })

  it('agent, out-of-service 480', async () => {
    const record = await call('1009')

    expect(record.ending).toEqual({ by: 'agent', cause: 'out-of-service', status: 480 })
  })

  it('cluster, not-found 404', async () => {
    const record = await call('9999')

    expect(record.ending).toEqual({ by: 'cluster', cause: 'not-found', status: 404 })
  })

  it('cluster, forbidden 403: from the trunk to the trunk', async () => {
    const record = await call('442079460999')

    expect(record.ending).toEqual({ by: 'cluster', cause: 'forbidden', status: 403 })
  })

  it('cluster, not-acceptable 488: no common codec', async () => {
    const result = await Sipp.run({
      scenario: 'caller-g729',
      remote: proxies.dc1[0],
      port: peerPorts.sipp + 10,
      calls: 1,
      keys: { number: '8900' },
    })

    const record = await admin.interaction('dnis=8900')
    expect(result).toMatchObject({ code: 0, successful: 1 })
    expect(record.ending).toEqual({ by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('cluster, completed: the announcement has been played', async () => {
    const record = await call('8901')

    expect(record.ending).toEqual({ by: 'cluster', cause: 'completed' })
    expect(kinds(record)).toEqual(['ivr'])
  })

  it('carrier, refused, with its status', async () => {
    // It is asked by OPTIONS too how it does, which SIPp counts as calls: it goes on until it is stopped.
    const carrier = new Sipp({ scenario: 'carrier-404', port: demoPorts.carrier, args: ['-aa'] })
    prompt.dial('sip:442079460123@ringmain')
    const record = await admin.interaction('dnis=442079460123', 10_000)

    await carrier.stop()
    expect(record.ending).toEqual({ by: 'carrier', cause: 'refused', status: 404 })
  })

  it('cluster, session-expired: a phone vanishes in mid-call', async () => {
    await bereft.caller.event('CALL_CLOSED', 1, 70_000)

    const record = await recordOf(bereft.callUUID)

    expect(record.ending).toEqual({ by: 'cluster', cause: 'session-expired' })
    expect(kinds(record)).toEqual(['ringing', 'talk'])
  })

  it('leaves no call, and breaks no invariant of the T-Library stream', async () => {
    expect(await admin.calls()).toEqual([])
    expect(desktop.violations).toEqual([])
  })

  it('cluster, shutdown: Ctrl-C with a call up says BYE to both sides, exits 0, and the record is complete', async () => {
    await dial('1001')
    await seen('EventEstablished')

    const code = await demo.interrupt()

    await callerIsOut()
    expect(code).toBe(0)
    const again = await Demo.start({ data: demo.data })
    const record = await (await again.signIn()).interaction('dnis=1001')
    await again.stop()
    expect(record.ending).toEqual({ by: 'cluster', cause: 'shutdown' })
  })

  async function register(user: string, contact: number): Promise<void> {
    const result = await Sipp.run({
      scenario: 'register',
      remote: proxies.dc1[0],
      port: peerPorts.sipp + 20,
      calls: 1,
      keys: { contact: String(contact), expires: '3600' },
      args: ['-auth_uri', 'ringmain'],
      lines: [`${user};[authentication username=${user} password=demo]`],
    })
    expect(result).toMatchObject({ code: 0 })
  }
})

const count = (phone: Baresip, type: string): number => phone.events.filter((event) => event.type === type).length
