import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Answer, writtenServer } from './written-server.fixture.ts'

const { answers, asked, at, client, directory, run } = writtenServer()

describe('the ringmain command', () => {
  it.each([
    ['an unknown command', 'bogus'],
    ['an unknown option', 'size --agnets 5'],
    ['a port that is none', 'demo --sip here'],
    ['a port beyond the last', 'demo --http 99999'],
    ['port 0', 'demo --tlib 0'],
    ['a name server that is a name', 'demo --name-servers 192.0.2.53,dns.example'],
    ['a missing argument', 'config apply'],
    ['a number that is none', 'size --agents many'],
    ['a proxy that is none', 'dns --domain a.example --proxy here'],
    ['an address that is none', 'call list --url 8080'],
  ])('exits 2 for %s, says why, and prints no data', async (_what, line) => {
    const { code, out, err } = await run(line)

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).not.toBe('')
  })

  it.each(['node drain x', 'dc list', 'strategy publish a.scxml', 'run --config x', 'bundle', 'chaos'])(
    'exits 69 for what is not built: %s',
    async (line) => {
      const { code, err } = await run(line)

      expect(code).toBe(69)
      expect(err).toMatch(/^ringmain \S+.*: not available yet$/)
    },
  )

  it('exits 69 for what the server does not have yet', async () => {
    answers.set('PUT /api/v1/agents/1001/state', { status: 501, body: {} })

    const { code, err } = await client('agent set-state 1001 ready')

    expect(code).toBe(69)
    expect(err).toContain('not available yet')
  })
})

describe('a client command', () => {
  it('signs in with the token of the data directory, or with RINGMAIN_TOKEN', async () => {
    answers.set('GET /api/v1/nodes', { status: 200, body: [] })

    await client('node list')
    await client('node list', { RINGMAIN_TOKEN: 'other' })
    await client(`node list --data ${directory}`, {})

    expect(asked.map(({ token }) => token)).toEqual(['Bearer secret', 'Bearer other', 'Bearer secret'])
  })

  it.each<[string, string, Answer | undefined, string[]]>([
    ['no server', 'node list --url DEAD', undefined, ['ECONNREFUSED', 'ringmain demo', '--url']],
    ['neither server nor token', `node list --data ${directory}/none --url DEAD`, undefined, ['no server', 'DEAD']],
    [
      'no token',
      `node list --data ${directory}/none`,
      undefined,
      ['a server answers', 'there is no token', '--data', 'RINGMAIN_TOKEN'],
    ],
    ['a token nobody knows', 'node list', { status: 401, body: {} }, ['does not know this token', '--data']],
    ['a refusal', 'node list', { status: 403, body: { detail: 'only for supervisors' } }, ['only for supervisors']],
  ])('exits 1 and names cause and next step: %s', async (_what, line, answer, words) => {
    if (answer) answers.set('GET /api/v1/nodes', answer)

    const { code, out, err } = line.includes('DEAD') ? await run(line.replace('DEAD', at.dead)) : await client(line)

    expect({ code, out }).toEqual({ code: 1, out: '' })
    for (const word of words) expect(err).toContain(word.replace('DEAD', at.dead))
  })

  it('prints rows in columns, and with --json what the server said', async () => {
    const node = { name: 'node1', dc: 'dc1', instances: [{ role: 'primary', epoch: 3 }], ready: true, calls: 0 }
    answers.set('GET /api/v1/nodes', { status: 200, body: [node] })

    const table = await client('node list')
    const asJSON = await client('node list --json')

    expect(table.out).toBe('NODE   DC   READY  CALLS  INSTANCES\nnode1  dc1  yes    0      primary (epoch 3)')
    expect(JSON.parse(asJSON.out)).toEqual([node])
  })

  it('finds a call of now by its connID', async () => {
    answers.set('GET /api/v1/calls', { status: 200, body: [{ callUUID: 'u-7', connID: '0001000100000007' }] })
    const item = { time: 't', kind: 'sip', from: 'a', to: 'b', text: 'INVITE sip:8010@ringmain SIP/2.0\r\nVia: x' }
    answers.set('GET /api/v1/calls/u-7/ladder', { status: 200, body: { callUUID: 'u-7', items: [item] } })

    const found = await client('call ladder 0001000100000007')
    const lost = await client('call ladder 0001000100000008')

    expect(found.out).toBe('t  sip      a → b  INVITE sip:8010@ringmain SIP/2.0')
    expect(lost).toMatchObject({ code: 1, out: '' })
  })
})

describe('ringmain call ladder --format', () => {
  it.each([
    ['pcap', 'ladder.pcap'],
    ['text', 'ladder.txt'],
  ])('writes the file that the server makes, byte for byte: %s', async (format, path) => {
    answers.set(`GET /api/v1/calls/u-7/${path}`, { status: 200, body: Buffer.from([0xd4, 0xc3, 0x00, 0xff]) })

    const { code, out, err } = await client(`call ladder u-7 --format ${format}`)

    expect({ code, out, err }).toEqual({ code: 0, out: '\xd4\xc3\x00\xff', err: '' })
  })

  it('is refused where it is unknown, or JSON is asked for too', async () => {
    const unknown = await client('call ladder u-7 --format pdf')
    const both = await client('call ladder u-7 --format pcap --json')

    expect([unknown.code, both.code]).toEqual([2, 2])
  })
})

describe('ringmain config', () => {
  const file = join(directory, 'objects.yaml')
  const write = (text: string) => writeFileSync(file, text)
  const applied = { revision: 4, changes: [{ action: 'changed', kind: 'dns', key: '1', properties: ['ha1'] }] }

  it('applies a file: ranges and strategies written out, passwords as they are, to be hashed there', async () => {
    answers.set('POST /api/v1/config/apply', { status: 200, body: applied })
    writeFileSync(join(directory, 'q.scxml'), '<scxml xmlns="http://www.w3.org/2005/07/scxml"><state id="a"/></scxml>')
    write('persons: [{employeeId: 1-2, name: A, password: x}]\nstrategies: [{name: q, file: q.scxml}]')

    const { code, out, err } = await client(`config apply ${file} --prune`)

    expect({ code, out, err }).toEqual({ code: 0, out: '~ dns 1: ha1', err: '1 change, revision 4' })
    expect(asked[0]?.body).toMatchObject({
      prune: true,
      entries: {
        persons: [{ employeeId: '1', password: 'x' }, { employeeId: '2' }],
        strategies: [{ name: 'q', scxml: expect.stringContaining('<scxml') }],
      },
    })
  })

  it('tells where in the file that stands which the server refuses', async () => {
    const detail = 'persons.2.skills there is no skill cooking; nothing was changed'
    const body = { detail: 'refused', errors: [{ pointer: '/persons/2/skills', detail }] }
    answers.set('POST /api/v1/config/apply', { status: 400, body })
    write('persons:\n  - employeeId: 1-2\n    name: A\n    skills: {cooking: 1}')

    const { code, err } = await client(`config apply ${file}`)

    expect(code).toBe(1)
    expect(err).toBe(`${file}:4:13: persons.2.skills there is no skill cooking; nothing was changed`)
  })

  it('shows a difference and changes nothing', async () => {
    answers.set('POST /api/v1/config/preview', { status: 200, body: { ...applied, changes: [] } })
    write('skills: [{name: a}]')

    const { code, out, err } = await client(`config diff ${file} --json`)

    expect({ code, err, changes: JSON.parse(out).changes }).toEqual({ code: 0, err: '', changes: [] })
  })

  it('exports to a file for its owner only, and what it exported is right', async () => {
    answers.set('GET /api/v1/config', {
      status: 200,
      body: { revision: 3, objects: { settings: {}, skills: [{ name: 'a' }] } },
    })
    const target = join(directory, 'export.yaml')

    const { code, out } = await client(`config export ${target}`)
    const check = await run(`config check ${target}`)

    expect({ code, out, check: check.code }).toEqual({ code: 0, out: '', check: 0 })
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect(readFileSync(target, 'utf8')).toContain('name: a')
  })

  it('exports what differs from its default, with hashes; the rest and a file without hashes where asked for', async () => {
    const ann = { employeeId: '1001', name: 'Ann', afterCallWork: 0, passwordHash: '$argon2id$x' }
    const dn = { number: '1001', media: 'direct', ha1: { MD5: '0'.repeat(32) } }
    const credentials = { username: 'account', realm: 'provider.example', ha1: { 'SHA-256': '0'.repeat(64) } }
    const trunk = { name: 'provider', destination: 'provider.example', credentials }
    const body = { revision: 3, objects: { settings: {}, persons: [ann], dns: [dn], trunks: [trunk] } }
    answers.set('GET /api/v1/config', { status: 200, body })

    const backup = await client('config export')
    const whole = await client('config export --defaults')
    const open = await client('config export --no-secrets')
    const openJSON = await client('config export --no-secrets --json')

    expect(backup.out).toContain('passwordHash: $argon2id$x')
    expect(backup.out).toContain('MD5: ')
    expect(backup.out).toContain('SHA-256: ')
    expect(backup.out).not.toMatch(/afterCallWork|media/)
    expect(whole.out).toMatch(/afterCallWork: 0/)
    expect(whole.out).toMatch(/media: direct/)
    expect(open.out).toContain('name: Ann')
    expect(open.out).toContain('username: account')
    for (const { out } of [open, openJSON]) expect(out).not.toMatch(/passwordHash|MD5|SHA|0{32}/)
  })

  it('says of a trunk that was exported without its secret what is to be given again', async () => {
    const credentials = { username: 'account', realm: 'provider.example', ha1: { MD5: '0'.repeat(32) } }
    const trunks = [{ name: 'provider', destination: 'provider.example', credentials }]
    answers.set('GET /api/v1/config', { status: 200, body: { revision: 3, objects: { settings: {}, trunks } } })
    const target = join(directory, 'shown.yaml')

    await client(`config export ${target} --no-secrets`)
    const { code, err } = await run(`config check ${target}`)

    expect(code).toBe(1)
    expect(err).toMatch(/trunks\.provider\.credentials has no secret; give the password of the account as secret$/)
  })

  it('says in its help what an export leaves out, and what it tells', async () => {
    const { out } = await run('config export --help')

    expect(out.replace(/\s+/g, ' ')).toMatch(/left out has its default.*hashes.*--no-secrets.*nobody/)
  })

  it('checks a file without a server: objects, references, strategies', async () => {
    const right = await run('config check examples/demo.yaml', {})
    write('dns:\n  - number: 1\n    meida: direct')
    const wrong = await run(`config check ${file}`, {})

    expect(right).toEqual({ code: 0, out: '', err: expect.stringContaining('41 persons') })
    expect(wrong).toEqual({
      code: 1,
      out: '',
      err: `${file}:3:5: dns.0.meida is no key here; did you mean media?`,
    })
  })
})

describe('ringmain strategy check', () => {
  it('names line and column of what is no strategy', async () => {
    const file = join(directory, 'bad.scxml')
    writeFileSync(file, '<scxml xmlns="http://www.w3.org/2005/07/scxml">\n  <state id="a"><bogus/></state>\n</scxml>')

    const { code, err } = await run(`strategy check ${file}`)

    expect(code).toBe(1)
    expect(err).toMatch(/bad\.scxml:2:\d+: /)
  })
})

describe('ringmain dns', () => {
  it('prefers the proxies of the asking data centre (blueprint table 4)', async () => {
    const { out } = await run('dns --domain abc.com --proxy dc1/sipprxy1=192.0.2.1 dc2/sipprxy3=192.0.2.3:5070 --json')

    const zones = JSON.parse(out) as Record<string, { name: string; priority: number; port: number; target: string }[]>
    const udp = (dc: string) => zones[dc]?.filter(({ name }) => name === '_sip._udp.abc.com.')
    expect(udp('dc1')?.map(({ priority, target }) => `${priority} ${target}`)).toEqual([
      '1 sipprxy1.abc.com.',
      '2 sipprxy3.abc.com.',
    ])
    expect(udp('dc2')?.map(({ priority, port }) => `${priority} ${port}`)).toEqual(['1 5070', '2 5060'])
  })
})

describe('ringmain size', () => {
  it('computes the blueprint’s worst case from its inputs (blueprint §6.1)', async () => {
    const { out, err } = await run('size --json')

    const figures = new Map((JSON.parse(out) as { name: string; value: number }[]).map((row) => [row.name, row.value]))
    expect(figures.get('calls per agent and hour')).toBe(16)
    expect(figures.get('busy hour calls')).toBe(32_000)
    expect(figures.get('call attempts per second')).toBe(8.89)
    expect(figures.get('calls in the system')).toBe(3200)
    expect(err).toBe('')
  })

  it('plans with what docs/benchmarks.md has, of 70 % of a core, the registrations at node and every proxy too', async () => {
    const { out } = await run('size --agents 200000 --json')

    const figures = new Map((JSON.parse(out) as { name: string; value: number }[]).map((row) => [row.name, row.value]))
    const [calls, registrations] = [200_000 * (16 / 3600), 200_000 / 15]
    expect(figures.get('node pairs in each data centre')).toBe(
      Math.ceil((calls * 4_000 + registrations * 45) / 700_000) + 1,
    )
    const proxies = figures.get('SIP Proxies in each data centre') ?? 0
    const busiest = (count: number) => (calls * 400 + registrations * (75 + 12 * (count - 1))) / count
    expect([busiest(proxies) <= 700_000, busiest(proxies - 1) <= 700_000]).toEqual([true, false])
    expect(figures.get('media server cores in each data centre, media direct')).toBe(38)
    expect(figures.get('media server cores in each data centre, media anchored')).toBe(148)
  })

  it('says where no number of proxies would do', async () => {
    const { code, out, err } = await run('size --agents 1000000')

    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^no number of SIP Proxies takes 66667 registrations a second.*--registration-lifetime$/)
  })
})

describe('ringmain doctor', () => {
  it('fails where a check fails, with the next step', async () => {
    answers.set('GET /health', { status: 503, body: { status: 'down', reasons: ['no node is ready'] } })

    const { code, out, err } = await client('doctor')

    expect(code).toBe(1)
    expect(out).toMatch(/server +failed +http:\S+ is down +no node is ready/)
    expect(err).toBe('1 of 8 checks failed')
  })
})
