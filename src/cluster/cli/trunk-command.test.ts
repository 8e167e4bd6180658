import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { writtenServer } from './written-server.fixture.ts'

const { answers, client } = writtenServer()

describe('ringmain on trunks', () => {
  const since = '2026-01-01T00:00:00.000Z'
  const registration = { state: 'failing', reason: '403 Forbidden', registrar: 'sip.example', since }
  const proxies = {
    'proxy1.dc1': {
      health: { state: 'up', reason: '', since, milliseconds: 7 },
      facing: 'sip:203.0.113.5:5060',
      servers: ['198.51.100.1:5060'],
      registration,
    },
    'proxy2.dc1': {
      health: { state: 'down', reason: 'it does not answer', since },
      facing: 'sip:203.0.113.6:5060',
      servers: ['198.51.100.1:5060'],
    },
  }
  const { objects } = configurationFrom({
    trunks: [
      {
        name: 'provider',
        destination: 'sip.example',
        credentials: { username: 'a', secret: 's' },
        registration: {},
        numbers: ['0XXXXX!'],
      },
    ],
  })

  const tested = (found: object = proxies) =>
    Object.fromEntries(Object.entries(found).map(([proxy, status]) => [proxy, { ...status, tested: 'a' }]))

  function provide() {
    answers.set('GET /api/v1/config', { status: 200, body: { objects } })
    answers.set('GET /api/v1/trunks', { status: 200, body: [{ name: 'provider', proxies }] })
    answers.set('POST /api/v1/trunks/provider/test', { status: 200, body: { name: 'provider', proxies: tested() } })
    answers.set('GET /api/v1/interactions', { status: 200, body: { items: [] } })
  }

  it('lists whether their servers answer and whether they are registered', async () => {
    provide()

    const { code, out } = await client('trunk list')

    expect(code).toBe(0)
    expect(out).toContain('down from 1 of 2 proxies: it does not answer')
    expect(out).toContain('failing at sip.example: 403 Forbidden')
  })

  it('fails a test where a proxy gets no answer', async () => {
    provide()

    const { code, out, err } = await client('trunk test provider')

    expect(code).toBe(1)
    expect(out).toMatch(/proxy1\.dc1 .* up .* 7/)
    expect(err).toBe('1 of 2 proxies get no answer')
  })

  it('tells while a test runs what it waits for, and what each proxy found', async () => {
    provide()
    const { 'proxy1.dc1': one, ...others } = proxies
    let looks = 0
    const testing = new Promise<void>((done) => {
      answers.set('GET /api/v1/trunks', {
        status: 200,
        get body() {
          looks += 1
          if (looks === 3) done()
          return [
            { name: 'provider', proxies: looks === 1 ? proxies : { ...tested({ 'proxy1.dc1': one }), ...others } },
          ]
        },
      })
    })
    answers.set('POST /api/v1/trunks/provider/test', {
      status: 200,
      body: testing.then(() => ({ name: 'provider', proxies: tested() })),
    })

    const { code, out, err } = await client('trunk test provider')

    expect({ code, lines: out.split('\n').length }).toEqual({ code: 1, lines: 3 })
    expect(err.split('\n')).toEqual([
      '2 proxies ask the servers of provider; one that does not answer is waited for 32 s at most',
      'proxy1.dc1: up',
      '1 of 2 proxies get no answer',
    ])
  })

  it('fails a test that a proxy has not ended, or that none makes', async () => {
    provide()
    const { 'proxy1.dc1': up } = proxies
    const untold = { 'proxy1.dc1': up, ...tested({ 'proxy2.dc1': up }) }
    answers.set('POST /api/v1/trunks/provider/test', { status: 200, body: { name: 'provider', proxies: untold } })
    const late = await client('trunk test provider')
    answers.set('POST /api/v1/trunks/provider/test', { status: 200, body: { name: 'provider', proxies: {} } })
    const nobody = await client('trunk test provider')

    expect([late.code, late.err]).toEqual([1, '1 of 2 proxies have not told what came of it'])
    expect([nobody.code, nobody.err]).toEqual([1, 'no proxy tells anything of provider: see "ringmain node list"'])
  })

  it('says of a trunk that only takes calls that it has no servers to ask', async () => {
    provide()
    const health = { state: 'unknown', reason: '', since }
    const unasked = tested({ 'proxy1.dc1': { health, facing: 'sip:203.0.113.5:5060', servers: [] } })
    answers.set('POST /api/v1/trunks/provider/test', { status: 200, body: { name: 'provider', proxies: unasked } })

    const { code, err } = await client('trunk test provider')

    expect([code, err]).toEqual([1, 'provider has no servers to ask: it has neither a destination nor a registration'])
  })

  it('says in plain words what is wrong with one, and which there are', async () => {
    provide()

    const doctor = await client('doctor --trunk provider')
    const unknown = await client('doctor --trunk nobody')

    expect(doctor.code).toBe(1)
    expect(doctor.out).toMatch(/registration +failed +sip\.example: 403 Forbidden +the account is barred/)
    expect(unknown).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no trunk nobody: known are provider'),
    })
  })
})
