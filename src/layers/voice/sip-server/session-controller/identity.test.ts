import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig } from './scenes.fixture.ts'

type Pairs = readonly (readonly [string, string])[]

/** The INVITE that reaches 1002, or the carrier, of a call from 1001 or from the carrier. */
async function invited(from: '1001' | 'carrier', to: '1002' | '442079460018', fields: Pairs) {
  const { world, r } = await freshRig(new World())
  const caller = (from === 'carrier' ? r.carrier : r.phone(from)).dial(to, { fields })
  await world.run(100)
  const invite = (to === '1002' ? r.phone(to) : r.carrier).line.requests[0]
  caller.cancel()
  const told = (name: string) => invite?.headers(name) ?? []
  return { told, from: (invite?.header('From') ?? '').replace(/;tag=.*/, '') }
}

const pai = 'P-Asserted-Identity'
const asserted = [pai, '"Alice" <sip:+4420@carrier.example>'] as const
const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>'

describe('who calls, as the called side is told', () => {
  it('is what a trunk asserts, as it says it (RFC 3325 §5)', async () => {
    const { told } = await invited('carrier', '1002', [asserted])

    expect(told(pai)).toEqual(['"Alice" <sip:+4420@carrier.example>'])
  })

  it('is the DN that has authenticated, whatever its phone asserts or prefers', async () => {
    const { told } = await invited('1001', '442079460018', [
      [pai, '<sip:boss@ringmain>'],
      ['P-Preferred-Identity', '<sip:boss@ringmain>'],
    ])

    expect([told(pai), told('P-Preferred-Identity')]).toEqual([['<sip:1001@ringmain>'], []])
  })

  it.each(['id', 'user', 'header;user;id', 'ID ; critical'])(
    'is hidden from a phone where the caller wants Privacy: %s (RFC 3323, RFC 3325 §7)',
    async (privacy) => {
      const { told, from } = await invited('carrier', '1002', [asserted, ['Privacy', privacy]])

      expect([from, told(pai), told('Privacy')]).toEqual([anonymous, [], [privacy.replace(/,/g, ';')]])
    },
  )

  it('is told to a carrier all the same, which is trusted to keep it, but not in From', async () => {
    const { told, from } = await invited('1001', '442079460018', [['Privacy', 'id']])

    expect([from, told(pai), told('Privacy')]).toEqual([anonymous, ['<sip:1001@ringmain>'], ['id']])
  })

  it.each(['none', 'none;id', 'header', 'nonsense'])('is told where Privacy is %s', async (privacy) => {
    const { told, from } = await invited('carrier', '1002', [asserted, ['Privacy', privacy]])

    expect(told(pai)).toHaveLength(1)
    expect(from).not.toBe(anonymous)
  })

  it('has its media hidden too where it wants session privacy: they pass through us (RFC 3323 §4.2)', async () => {
    const { world, r } = await freshRig(new World())
    r.phone('1002').onCall = (line) => line.answer()
    const caller = r.carrier.dial('1002', { fields: [['Privacy', 'session;critical']] })
    await world.run(1000)

    expect(/c=IN IP4 (\S+)/.exec(r.phone('1002').line.remote ?? '')?.[1]).toBe('127.0.0.9')
    caller.hangUp()
  })
})

describe('who diverted the call before', () => {
  const history: Pairs = [
    ['Diversion', '<sip:+4421@carrier.example>;reason=no-answer, <sip:+4422@carrier.example>;reason=user-busy'],
    ['History-Info', '<sip:+4422@carrier.example>;index=1, <sip:1002@ringmain>;index=1.1;rc=1'],
  ]

  it('goes on from a trunk, in order (RFC 5806, RFC 7044)', async () => {
    const { told } = await invited('carrier', '1002', history)

    expect(told('Diversion')).toEqual([
      '<sip:+4421@carrier.example>;reason=no-answer',
      '<sip:+4422@carrier.example>;reason=user-busy',
    ])
    expect(told('History-Info')).toEqual(['<sip:+4422@carrier.example>;index=1', '<sip:1002@ringmain>;index=1.1;rc=1'])
  })

  it('is not told of a caller that wants privacy, and not believed of a phone of ours', async () => {
    const anonymously = await invited('carrier', '1002', [...history, ['Privacy', 'id']])
    const claimed = await invited('1001', '442079460018', history)

    for (const { told } of [anonymously, claimed]) expect([told('Diversion'), told('History-Info')]).toEqual([[], []])
  })
})

describe('what else an INVITE says', () => {
  it.each([
    ['Call-Info', '<sip:x@y>;answer-after=0'],
    ['Alert-Info', '<http://127.0.0.1/ring.wav>'],
    ['Subject', 'urgent'],
    ['X-Anything', '1'],
  ] as const)('%s does not go on: it would command the phone (RFC 3261 §20.4, §20.9)', async (name, value) => {
    const { told } = await invited('carrier', '1002', [[name, value]])

    expect(told(name)).toEqual([])
  })
})
