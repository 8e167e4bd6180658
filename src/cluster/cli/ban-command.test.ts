import { describe, expect, it } from 'vitest'
import { writtenServer } from './written-server.fixture.ts'

const { answers, asked, client } = writtenServer()

describe('ringmain on bans', () => {
  const until = '2026-01-01T01:00:00.000Z'
  const own = { source: '192.0.2.1', of: 'datagrams', because: 'wrong credentials', until, proxies: ['proxy1.dc1'] }
  const ordered = {
    source: '198.51.100.0/24',
    of: 'everything',
    because: 'scans us',
    until,
    by: 'operator',
    proxies: [],
  }

  it('lists them, orders one for so long, and lifts one', async () => {
    answers.set('GET /api/v1/bans', { status: 200, body: [ordered, own] })
    answers.set('POST /api/v1/bans', { status: 201, body: ordered })
    answers.set('DELETE /api/v1/bans/192.0.2.1', { status: 200, body: [own] })

    const list = await client('ban list')
    const add = await client('ban add 198.51.100.0/24 --seconds 600')
    await client('ban add 0.0.0.0/0 --force')
    const lift = await client('ban lift 192.0.2.1')

    expect(list.out).toMatch(/198\.51\.100\.0\/24 +everything +2026-01-01T01:00:00\.000Z +operator +scans us/)
    expect(list.out).toMatch(/192\.0\.2\.1 +datagrams +2026-01-01T01:00:00\.000Z +proxy1\.dc1 +wrong credentials/)
    expect(add).toMatchObject({ code: 0, out: `198.51.100.0/24 banned until ${until}` })
    expect(lift).toMatchObject({ code: 0, out: expect.stringContaining('proxy1.dc1') })
    expect(asked.filter(({ what }) => what === 'POST /api/v1/bans').map(({ body }) => body)).toEqual([
      { source: '198.51.100.0/24', seconds: 600 },
      { source: '0.0.0.0/0', seconds: 3600, force: true },
    ])
  })

  it('takes no time that is no number', async () => {
    expect(await client('ban add 192.0.2.1 --seconds soon')).toMatchObject({
      code: 2,
      err: '--seconds soon is no number of seconds',
    })
  })
})
