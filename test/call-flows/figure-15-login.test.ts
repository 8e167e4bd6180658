// Blueprint figure 15: login and SIP registration, through a Session Border Controller that alternates dc1's proxies.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Agent } from '#protocols/model/http/agents.ts'
import { Kamailio } from '../peers/kamailio.ts'
import type { ApiClient } from '../rig/api.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { Phones } from '../rig/phones.ts'
import { peerPorts } from '../rig/ports.ts'
import { TLibListener } from '../rig/tlib.ts'

describe('figure 15: login and register', () => {
  const phones = new Phones()
  let demo: Demo
  let sbc: Kamailio
  let desktop: TLibListener
  let agent: ApiClient

  beforeAll(async () => {
    demo = await Demo.start()
    sbc = await Kamailio.sbc({ port: peerPorts.kamailio, proxies: proxies.dc1 })
    desktop = await TLibListener.connect('t-controller', { monitor: true })
  })
  afterAll(async () => {
    await desktop?.close()
    await phones.stop()
    await sbc?.stop()
    await demo?.stop()
  })

  it('1: the agent is authenticated and gets the configuration of the softphone', async () => {
    await expect(demo.signIn('1001').then(() => 'in')).resolves.toBe('in')
    agent = await demo.signIn('1001')

    const me = await agent.me()

    expect(me.phone.aor).toContain('1001')
    expect(me.phone.servers.length).toBeGreaterThanOrEqual(2)
    expect(me.state).toBe('logged-out')
  })

  it('before the phone is registered, the place is refused with the reason', async () => {
    const attempt = agent.put('/api/v1/me/place', { dn: '1001' })

    await expect(attempt).rejects.toMatchObject({
      status: 409,
      message: expect.stringMatching(/out of service|regist/i),
    })
  })

  it('2–5: the phone’s REGISTER passes SBC and proxy to the SIP Server, and the DN is in service', async () => {
    await phones.agent('1001', { outbound: `sip:127.0.0.1:${peerPorts.kamailio}` })

    const event = await desktop.next('EventDNBackInService', ({ thisDN }) => thisDN === '1001')

    expect(event.thisDN).toBe('1001')
  })

  it('6: Web Services start the session: logged in, not ready, then ready', async () => {
    await agent.ready('1001')

    const login = await desktop.next('EventAgentLogin', ({ thisDN }) => thisDN === '1001')
    const ready = await desktop.next('EventAgentReady', ({ thisDN }) => thisDN === '1001')

    expect(login).toMatchObject({ agentID: '1001' })
    expect(ready.eventNo).toBeGreaterThan(login.eventNo)
    const order = desktop.events.filter((event) => 'thisDN' in event && event.thisDN === '1001').map(({ name }) => name)
    expect(order).toEqual(['EventDNBackInService', 'EventAgentLogin', 'EventAgentNotReady', 'EventAgentReady'])
    const agents = await agent.get<Agent[]>('/api/v1/agents')
    expect(agents.find(({ employeeId }) => employeeId === '1001')).toMatchObject({
      state: 'ready',
      dn: '1001',
      dc: 'dc1',
    })
  })

  it('a phone with a wrong password is refused and its DN stays out of service', async () => {
    const phone = phones.agent('1002', { password: 'wrong' })

    await expect(phone).rejects.toThrow(/401|Unauthorized/)
    const agents = await (await demo.signIn()).get<Agent[]>('/api/v1/agents')
    expect(agents.find(({ employeeId }) => employeeId === '1002')?.state).toBe('logged-out')
    expect(desktop.events.some((event) => 'thisDN' in event && event.thisDN === '1002')).toBe(false)
  })

  it('breaks no invariant of the T-Library stream', () => {
    expect(desktop.violations).toEqual([])
  })
})
