import { describe, expect, it } from 'vitest'
import { Callers, type Second } from '#simulation/busy-proxy.ts'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'

const phoneAt = { host: '10.0.1.1', port: 5060 }

/** 1001 is registered and has a call; what comes to the proxy then waits `wait` ms to be read, as 200 calls a second come. */
async function overloaded(wait = 400) {
  const cluster = new ProxyWorld()
  const { world } = cluster
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.udp('phone', phoneAt, proxy)
  phone.say(registerText('1001'))
  phone.say(requestText('INVITE', { callID: 'before' }))
  await world.run(10)
  node.answer(node.requests('REGISTER')[0], 200, [['Contact', '<sip:1001@10.0.1.1:5060>;expires=60']])
  node.answer(node.requests('INVITE')[0], 200, [], '<sip:c@node1.dc1>')
  await world.run(10)
  const route = phone.responses('INVITE')[0]?.header('Record-Route') ?? ''
  const busy = await cluster.udp('busy', { host: '10.0.1.2', port: 5060 }, proxy)
  const calls = async (seconds: number, perSecond = 200, fields: readonly string[] = []) => {
    const from = busy.heard.length
    for (let call = 0; call < seconds * perSecond; call++) {
      busy.say(requestText('INVITE', { at: '10.0.1.2:5060', fields }))
      await world.run(1000 / perSecond)
    }
    return busy.heard.slice(from).filter(({ status }) => status === 503)
  }
  world.links.set('proxy1', 'proxy1', { delay: [wait, wait] })
  return { cluster, world, proxy, node, phone, busy, route, calls }
}

describe('SIP Proxy, when more comes than can be done', () => {
  it('refuses new calls with 503 without Retry-After, lets some in, and says so', async () => {
    const { proxy, node, calls } = await overloaded()

    const refused = await calls(3)

    expect(refused.length).toBeGreaterThan(100)
    expect(refused.every((response) => response.header('Retry-After') === undefined)).toBe(true)
    expect(node.requests('INVITE').length).toBeGreaterThan(100)
    expect(proxy.running.health()).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringMatching(/^overloaded: of new calls \d+ a second are let in; /)],
    })
  })

  it('takes what belongs to a call or a registration, and emergency calls', async () => {
    const { world, node, phone, route, calls } = await overloaded()
    await calls(3)

    const fields = [`Route: ${route}`]
    phone.say(requestText('BYE', { callID: 'before', uri: 'sip:c@node1.dc1', toTag: 'answer', cseq: 2, fields }))
    phone.say(registerText('1001', { cseq: 2 }))
    for (let call = 0; call < 50; call++) phone.say(requestText('INVITE', { uri: 'sip:112@ringmain' }))
    await world.run(50)

    expect(node.requests('BYE')).toHaveLength(1)
    expect(node.requests('REGISTER')).toHaveLength(2)
    expect(node.requests('INVITE').filter(({ requestURI }) => requestURI.includes('112'))).toHaveLength(50)
  })

  const fields = ['Authorization: Digest username="1001"']

  it.each([
    ['it had no credentials, and another interval was asked for before (RFC 4028 §7.2)', [], []],
    ['those it had were stale, and another interval was asked for after', fields, fields],
  ])('counts a call once, though its INVITE comes twice more, and no more often free: %s', async (_what, had, next) => {
    const { world, node, busy, calls } = await overloaded()
    await calls(3, 200, had)
    const begun = node.requests('INVITE').slice(-50)
    const again = async (cseq: number, fields: readonly string[]) => {
      const before = node.requests('INVITE').length
      for (const { callID } of begun) busy.say(requestText('INVITE', { at: '10.0.1.2:5060', callID, cseq, fields }))
      await world.run(50)
      return node.requests('INVITE').length - before
    }

    const free = [await again(2, next), await again(3, fields)]

    expect(free).toEqual([50, 50])
    expect(await again(4, fields)).toBeLessThan(25)
  })

  it('tells phones that are not registered to come again later, not all at once', async () => {
    const { world, phone, calls } = await overloaded()
    await calls(3)

    for (let n = 0; n < 100; n++) phone.say(registerText('1002', { callID: `register-${n}` }))
    await world.run(50)

    const later = phone.responses('REGISTER').filter(({ status }) => status === 503)
    const seconds = later.map((response) => Number(response.header('Retry-After')))
    expect(later.length).toBeGreaterThan(50)
    expect(new Set(seconds).size).toBeGreaterThan(5)
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(5)
  })

  it('tells nobody by it who is registered: whoever names a phone from elsewhere waits as any other', async () => {
    const { world, busy, calls } = await overloaded()
    await calls(3)

    for (let n = 0; n < 100; n++) busy.say(registerText('1001', { callID: `elsewhere-${n}`, at: '10.0.1.2:5060' }))
    await world.run(50)

    expect(busy.statuses('REGISTER').filter((status) => status === 503).length).toBeGreaterThan(50)
  })

  it('lets all in again when there is room, and looks no more when nothing comes', async () => {
    const { world, proxy, calls } = await overloaded()
    await calls(3)

    world.links.set('proxy1', 'proxy1', { delay: [0.05, 0.05] })
    await calls(12, 10)

    expect(await calls(1, 10)).toEqual([])
    expect(proxy.running.health().status).toBe('ok')
  })

  it('does not repeat a refusal: who did not hear it sends his INVITE again, and is answered', async () => {
    const { world, busy, calls } = await overloaded()
    await calls(3)
    const refused = busy.heard.filter(({ status }) => status === 503).length
    await world.run(5_000)

    expect(busy.heard.filter(({ status }) => status === 503)).toHaveLength(refused)
  })
})

const total = (seconds: readonly Second[], what: keyof Second) => seconds.reduce((sum, second) => sum + second[what], 0)

describe('SIP Proxy, that can do fifty calls a second', () => {
  it.each([
    [100, 42],
    [200, 40],
  ])('does most of them when %d come, each second much the same', async (offered, most) => {
    const callers = await Callers.start()

    const steady = (await callers.call(30, offered)).slice(10)

    expect(total(steady, 'done') / 20).toBeGreaterThan(most)
    expect(Math.min(...steady.map(({ done }) => done))).toBeGreaterThan(0.6 * most)
  })

  it.each([100, 300])('takes all calls again two seconds after more than it can do has come: %d', async (offered) => {
    const callers = await Callers.start()
    await callers.call(20, offered)

    const after = await callers.call(20, 40)

    expect(total(after, 'refused')).toBeLessThan(40)
    expect(total(after.slice(2), 'refused')).toBe(0)
    expect(total(after.slice(5), 'done')).toBe(15 * 40)
  })

  it.each([450, 700, 2_000])('refuses nobody after it stood still for %d ms', async (pause) => {
    const callers = await Callers.start()
    await callers.call(5, 40)

    callers.world.pause('proxy1', pause)
    const after = await callers.call(15, 40)

    expect(total(after, 'refused')).toBe(0)
  })
})
