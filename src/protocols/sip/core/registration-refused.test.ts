import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { World } from '#simulation/world.ts'
import type { Fields } from '../message/draft.ts'
import { secretOf } from './digest.ts'
import { phone } from './phones.fixture.ts'
import { Registration, type RegistrationReport } from './registration.ts'

const hour = 3_600_000
const challenge = (realm: string, more = ''): [number, Fields] => [
  401,
  [['WWW-Authenticate', `Digest realm="${realm}", nonce="n", algorithm=MD5, qop="auth"${more}`]],
]

/** What a registrar that always answers so makes of a registration in an hour. */
async function anHourOf(answer: (request: number) => [number, Fields] | undefined) {
  const world = new World()
  const registrar = await phone(world, 'registrar', '127.0.0.2', { options: { methods: ['REGISTER'] } })
  let requests = 0
  registrar.agent.onRequest((_request, respond) => {
    requests++
    const given = answer(requests)
    if (given !== undefined) respond(given[0], undefined, given[1])
  })
  const { agent } = await phone(world, 'trunk', '127.0.0.1')
  const reports: RegistrationReport[] = []
  const registration = new Registration({
    userAgent: agent,
    runtime: world.host('trunk'),
    log: silentLog,
    addressOfRecord: '<sip:account@provider>',
    registrar: 'sip:provider',
    contact: '<sip:account@127.0.0.1:5060>',
    proxies: ['<sip:127.0.0.2:5060;lr>'],
    identity: {
      username: 'account',
      realm: 'provider',
      secretOf: (algorithm) => secretOf('account', 'provider', 'secret', algorithm),
    },
    refusal: { first: 60_000, longest: 900_000 },
    told: (report) => reports.push(report),
  })
  registration.start()
  await world.run(hour)
  return { requests, reports, registered: registration.registered }
}

describe('a registration that is refused', () => {
  it.each<[string, (request: number) => [number, Fields] | undefined, RegExp, number]>([
    ['403', () => [403, []], /^403 Forbidden$/, 20],
    ['an account that is not there', () => [404, []], /^404 Not Found$/, 20],
    ['603, which is final (RFC 3261 §21.6)', () => [603, []], /^603 Decline$/, 20],
    ['a redirection to itself', () => [302, [['Contact', '<sip:127.0.0.2:5060>']]], /^302 /, 20],
    [
      'a password that is wrong',
      () => challenge('provider'),
      /^401: it does not take the user name or the password$/,
      40,
    ],
    ['another realm', () => challenge('elsewhere'), /^401: it asks for realm "elsewhere", not for "provider"$/, 20],
    [
      'nonces that are stale for ever',
      () => challenge('provider', ', stale=true'),
      /calls every nonce of its own stale$/,
      60,
    ],
    ['a lifetime that is never long enough', (n) => [423, [['Min-Expires', String(3600 + n)]]], /^423 /, 40],
    ['a lifetime of years', () => [423, [['Min-Expires', '99999999']]], /^423 /, 20],
  ])('is tried again seldom, and says why: %s', async (_what, answer, reason, most) => {
    const { requests, reports, registered } = await anHourOf(answer)

    expect(registered).toBe(false)
    expect(reports.every((report) => reason.test(report.reason))).toBe(true)
    expect(reports.length).toBeGreaterThan(3)
    expect(requests).toBeLessThan(most)
  })

  it.each<[string, () => [number, Fields] | undefined, RegExp]>([
    ['503', () => [503, [['Retry-After', '1']]], /^503 Service Unavailable$/],
    ['silence', () => undefined, /^no answer$/],
  ])('is tried again twice a minute where the registrar may be back soon: %s', async (_what, answer, reason) => {
    const { reports } = await anHourOf(answer)

    expect(reports.every((report) => !report.registered && reason.test(report.reason))).toBe(true)
    expect(reports.length).toBeGreaterThan(90)
    expect(reports.length).toBeLessThan(260)
  })
})
