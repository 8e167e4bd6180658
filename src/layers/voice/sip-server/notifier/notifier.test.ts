import { describe, expect, it } from 'vitest'
import { nothing, phone, rawPeer, remains } from '#protocols/sip/core/phones.fixture.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import type { Fields } from '#protocols/sip/message/draft.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { MessageSummary } from '#protocols/sip/message/message-summary.ts'
import type { AddressState, CallOnDN } from '#protocols/tlib/attributes.ts'
import { World } from '#simulation/world.ts'
import { Notifier } from './notifier.ts'

const seconds = (count: number) => count * 1000
const call: CallOnDN = {
  connID: '0001000100000001',
  callUUID: 'u',
  callType: 'Internal',
  partyState: 'Alerting',
  role: 'Destination',
  eventNo: 1,
  otherDN: '1003',
}

/** A notifier of the DNs 1001–1003 at Bob, and a phone that is bytes alone: 1001 unless told. The mailbox of 1003 is open to it. */
async function setUp({ subscriptions = 3, subscriptionsOfDN = 2, voicemail = true } = {}) {
  const world = new World()
  const node = await phone(world, 'node', '127.0.0.2', { options: { methods: ['SUBSCRIBE'] } })
  let calls: CallOnDN[] = []
  let messages: MessageSummary = { waiting: false, counts: [] }
  const notifier = new Notifier({
    authenticator: {
      authenticate: (request: Message) =>
        request.header('From')?.includes('thief')
          ? { ok: false, status: 401, reason: 'Unauthorized', fields: [] }
          : { ok: true },
    },
    isDN: (number) => /^100[123]$/.test(number),
    uriOf: (dn) => `sip:${dn}@ringmain`,
    address: (dn): AddressState => ({ thisDN: dn, inService: true, calls }),
    contacts: () => [{ uri: 'sip:1001@127.0.0.3?a&b', seconds: 25 }],
    hasVoicemail: () => voicemail,
    messages: () => messages,
    opensMailbox: (dn, subscriber) => dn === '1003' && subscriber === '1001',
    limits: { subscriptions, subscriptionsOfDN },
  })
  node.agent.onSubscribe((request) => notifier.decide(request))
  const raw = await rawPeer(world)
  let dialogs = 0
  const subscribe = async (fields: Fields, { dn = '1002', from = '1001' } = {}) => {
    dialogs += 1
    const parts = { callID: `s${dialogs}`, from: `<sip:${from}@ringmain>;tag=r`, fields }
    raw.request('SUBSCRIBE', { ...parts, requestURI: `sip:${dn}@ringmain`, to: `<sip:${dn}@ringmain>` })
    await world.run(10)
    return dialogs
  }
  const again = async (dialog: number, cseq: number, fields: Fields, to = raw.last('NOTIFY').header('From') ?? '') => {
    raw.request('SUBSCRIBE', { callID: `s${dialog}`, from: '<sip:1001@ringmain>;tag=r', to, cseq, fields })
    await world.run(10)
  }
  const answer = async (status = 200) => {
    raw.send(buildResponse(raw.last('NOTIFY'), status), '127.0.0.2')
    await world.run(10)
  }
  const change = async (...now: CallOnDN[]) => {
    calls = now
    notifier.changed('dialog', '1002')
    await world.run(10)
  }
  const leave = async (dn: string, now: MessageSummary) => {
    messages = now
    notifier.changed('message-summary', dn)
    await world.run(10)
  }
  const state = () => raw.last('NOTIFY').header('Subscription-State')
  return { world, node, notifier, raw, subscribe, again, answer, change, leave, state }
}
const dialogEvent = ['Event', 'dialog'] as const
const body = (message: Message) => message.body.toString()

describe('a subscription to the calls of a DN (RFC 4235)', () => {
  it('is granted, told at once, and told of each change (RFC 6665 §4.2)', async () => {
    const { raw, subscribe, answer, change } = await setUp()

    await subscribe([dialogEvent, ['Expires', '600']])
    const first = raw.last('NOTIFY')
    await answer()
    await change(call)
    const [heard, ringing] = [raw.heard(), raw.last('NOTIFY')]

    expect(heard).toEqual(['200', 'NOTIFY', 'NOTIFY'])
    expect(raw.last('200').header('Expires')).toBe('600')
    expect(first.header('Subscription-State')).toBe('active;expires=600')
    expect([first.header('Event'), first.contentType]).toEqual(['dialog', 'application/dialog-info+xml'])
    expect(body(first)).toContain('version="0" state="full" entity="sip:1002@ringmain">\n</dialog-info>')
    expect(body(ringing)).toContain('version="1"')
    expect(body(ringing)).toContain('direction="recipient">\n    <state>early</state>')
    expect(body(ringing)).toContain('<identity>sip:1003@ringmain</identity>')
  })

  it('is told what matters now, not all that was: one NOTIFY is under way at a time', async () => {
    const { raw, subscribe, answer, change } = await setUp()
    await subscribe([dialogEvent])
    await change(call)
    await change({ ...call, partyState: 'Connected' })
    const before = raw.heard()

    await answer()

    expect(before).toEqual(['200', 'NOTIFY'])
    expect(raw.heard()).toEqual(['NOTIFY'])
    expect(body(raw.last('NOTIFY'))).toContain('<state>confirmed</state>')
  })

  it('ends when it is not refreshed, with a last NOTIFY', async () => {
    const { world, node, raw, subscribe, answer, state } = await setUp()
    await subscribe([dialogEvent, ['Expires', '60']])
    await answer()
    raw.heard()

    await world.run(seconds(60))
    const last = [raw.heard(), state()]
    await answer()
    await world.run(seconds(40))

    expect(last).toEqual([['NOTIFY'], 'terminated;reason=timeout'])
    expect(remains(node)).toEqual([nothing])
  })

  it('is refreshed in its dialog, and ended there with Expires 0', async () => {
    const { world, raw, subscribe, again, answer, change, state } = await setUp()
    const id = await subscribe([dialogEvent, ['Expires', '60']])
    await answer()
    await world.run(seconds(50))
    await again(id, 2, [dialogEvent, ['Expires', '60']])
    await answer()
    await world.run(seconds(50))
    raw.heard()

    await again(id, 3, [dialogEvent, ['Expires', '0']])
    await answer()
    await change(call)

    expect(state()).toBe('terminated;reason=timeout')
    expect(raw.heard()).toEqual(['200', 'NOTIFY'])
  })

  it('goes where the last refresh came from (RFC 3261 §12.2.2), which may not be nowhere', async () => {
    const { world, raw, subscribe, answer } = await setUp()
    const id = await subscribe([dialogEvent])
    await answer()
    const to = raw.last('NOTIFY').header('From') ?? ''
    const from = { callID: `s${id}`, from: '<sip:1001@ringmain>;tag=r', to, fields: [dialogEvent] as const }
    raw.heard()

    raw.request('SUBSCRIBE', { ...from, cseq: 2, contact: '<sip:1001@127.0.0.3:5060;line=2>' })
    await world.run(10)
    await answer()
    raw.request('SUBSCRIBE', { ...from, cseq: 3, contact: '<nonsense' })
    await world.run(10)

    expect(raw.heard()).toEqual(['200', 'NOTIFY', '400'])
    expect(raw.last('NOTIFY').requestURI).toBe('sip:1001@127.0.0.3:5060;line=2')
  })

  it('of 0 seconds asks once (§4.4.3)', async () => {
    const { raw, subscribe, state } = await setUp()

    await subscribe([dialogEvent, ['Expires', '0']])

    expect(raw.heard()).toEqual(['200', 'NOTIFY'])
    expect(state()).toBe('terminated;reason=timeout')
  })

  it.each([481, 404, 500])('ends where a NOTIFY is answered %s', async (status) => {
    const { raw, subscribe, answer, change } = await setUp()
    await subscribe([dialogEvent])
    await answer(status)
    raw.heard()

    await change(call)

    expect(raw.heard()).toEqual([])
  })

  it('ends where nobody answers a NOTIFY', async () => {
    const { world, node, raw, subscribe, change } = await setUp()
    await subscribe([dialogEvent])
    await world.run(seconds(40))
    raw.heard()

    await change(call)

    expect(raw.heard()).toEqual([])
    expect(remains(node)).toEqual([nothing])
  })

  it('ends with its node, and may be made elsewhere', async () => {
    const { world, notifier, subscribe, answer, state } = await setUp()
    await subscribe([dialogEvent])
    await answer()

    notifier.close()
    await world.run(10)

    expect(state()).toBe('terminated;reason=deactivated')
  })
})

describe('a phone that starts anew, and knows nothing of its old subscriptions,', () => {
  it.each([
    ['its DN', { subscriptionsOfDN: 2 }],
    ['the node', { subscriptions: 2, subscriptionsOfDN: 9 }],
  ])(
    'has its new ones where there is no room at %s: what was not refreshed for longest goes',
    async (_whose, limits) => {
      const { raw, subscribe, again, answer } = await setUp(limits)
      const refreshed = await subscribe([dialogEvent])
      const tag = raw.last('NOTIFY').header('From')
      await answer()
      const old = await subscribe([dialogEvent])
      await answer()
      await again(refreshed, 2, [dialogEvent], tag)
      await answer()
      const before = raw.heard()

      await subscribe([dialogEvent])
      const [heard, gone] = [raw.heard(), raw.last('NOTIFY', `s${old}`).header('Subscription-State')]
      await answer()
      await again(refreshed, 3, [dialogEvent], tag)

      expect(before).toEqual(Array(3).fill(['200', 'NOTIFY']).flat())
      expect(heard.sort()).toEqual(['200', 'NOTIFY', 'NOTIFY'])
      expect(gone).toBe('terminated;reason=probation;retry-after=60')
      expect(raw.heard()).toEqual(['200', 'NOTIFY'])
    },
  )
})

describe('a SUBSCRIBE is refused', () => {
  it.each([
    ['without an event', [], '489'],
    ['with an event nobody knows', [['Event', 'presence']], '489'],
    ['for too short a time', [dialogEvent, ['Expires', '59']], '423'],
  ] as const)('%s', async (_what, fields, status) => {
    const { raw, subscribe } = await setUp()

    await subscribe(fields)

    expect(raw.heard()).toEqual([status])
    if (status === '489') expect(raw.last('489').headers('Allow-Events')).toEqual(['dialog', 'reg', 'message-summary'])
    else expect(raw.last('423').header('Min-Expires')).toBe('60')
  })

  it('for too short a time, and nothing is left of it: no room is taken, nobody is told', async () => {
    const { raw, subscribe, change } = await setUp({ subscriptionsOfDN: 1 })

    await subscribe([dialogEvent, ['Expires', '59']])
    await change(call)
    await subscribe([dialogEvent])

    expect(raw.heard()).toEqual(['423', '200', 'NOTIFY'])
  })

  it('by whoever does not prove to be a DN, to what is none, and to the registration of another', async () => {
    const { raw, subscribe } = await setUp()

    await subscribe([dialogEvent], { from: 'thief' })
    await subscribe([dialogEvent], { from: '+4420' })
    await subscribe([dialogEvent], { dn: '77' })
    await subscribe([['Event', 'reg']], { dn: '1002' })

    expect(raw.heard()).toEqual(['401', '403', '404', '403'])
  })

  it('beyond the bounds of its DN and of the node, until one has ended', async () => {
    const { raw, subscribe, again, answer } = await setUp({ subscriptions: 2, subscriptionsOfDN: 1 })
    const first = await subscribe([dialogEvent])
    const notify = raw.last('NOTIFY').header('From')
    await answer()
    await subscribe([dialogEvent], { dn: '1003' })
    await subscribe([dialogEvent], { from: '1002' })
    await subscribe([dialogEvent], { from: '1003' })
    const refused = raw.heard().filter((what) => what === '503')
    await again(first, 2, [dialogEvent, ['Expires', '0']], notify)
    raw.heard()

    await subscribe([dialogEvent], { from: '1003' })

    expect(refused).toEqual(['503', '503'])
    expect(raw.last('503').header('Retry-After')).toBe('60')
    expect(raw.heard()).toEqual(['200', 'NOTIFY'])
  })

  it('for too short a time, though there is no room: nothing has to go for it', async () => {
    const { raw, subscribe } = await setUp({ subscriptionsOfDN: 1 })
    await subscribe([dialogEvent])

    await subscribe([dialogEvent, ['Expires', '59']])

    expect(raw.heard()).toEqual(['200', 'NOTIFY', '423'])
  })

  it('in no dialog, out of order, for another event, and with a huge Expires is shortened', async () => {
    const { raw, subscribe, again, answer } = await setUp()
    const id = await subscribe([dialogEvent, ['Expires', '4294967295']])
    expect(raw.last('200').header('Expires')).toBe('3600')
    await answer()
    raw.heard()

    await again(id, 5, [['Event', 'reg']])
    await again(id, 5, [dialogEvent])
    await again(99, 6, [dialogEvent])
    await again(id, 7, [dialogEvent], '<sip:1002@ringmain>;tag=other')

    expect(raw.heard()).toEqual(['489', '500', '481', '481'])
  })

  it('without a Contact to notify', async () => {
    const { raw, world } = await setUp()

    raw.request('SUBSCRIBE', {
      requestURI: 'sip:1002@ringmain',
      from: '<sip:1001@r>;tag=r',
      fields: [dialogEvent],
      contact: undefined,
    })
    await world.run(10)

    expect(raw.heard()).toEqual(['400'])
  })
})

describe('a subscription to its own registration (RFC 3680)', () => {
  it('tells the contacts and the seconds they have left, escaped', async () => {
    const { raw, subscribe } = await setUp()

    await subscribe([['Event', 'reg;id=7']], { dn: '1001' })

    const notify = raw.last('NOTIFY')
    expect(notify.header('Event')).toBe('reg;id=7')
    expect(body(notify)).toContain('<registration aor="sip:1001@ringmain" id="a" state="active">')
    expect(body(notify)).toContain('expires="25"><uri>sip:1001@127.0.0.3?a&amp;b</uri>')
  })
})

const messageEvent = ['Event', 'message-summary'] as const

describe('a subscription to the messages that wait (RFC 3842)', () => {
  it('is told at once that none wait, and of each change (§3.6, §3.7)', async () => {
    const { raw, subscribe, answer, leave } = await setUp()

    await subscribe([messageEvent], { dn: '1001' })
    const first = raw.last('NOTIFY')
    await answer()
    await leave('1002', { waiting: true, counts: [] })
    const others = raw.heard()
    await leave('1001', { waiting: true, counts: [{ class: 'Voice-Message', new: 2, old: 8 }] })
    const second = raw.last('NOTIFY')

    expect([first.header('Event'), first.contentType]).toEqual([
      'message-summary',
      'application/simple-message-summary',
    ])
    expect(body(first)).toBe('Messages-Waiting: no\r\nMessage-Account: sip:1001@ringmain\r\n')
    expect(others).toEqual(['200', 'NOTIFY'])
    expect(body(second)).toBe('Messages-Waiting: yes\r\nMessage-Account: sip:1001@ringmain\r\nVoice-Message: 2/8\r\n')
  })

  it('is told where they are heard, where the server says so', async () => {
    const { raw, subscribe, leave } = await setUp()
    await leave('1001', { waiting: true, account: 'sip:8600@ringmain', counts: [] })

    await subscribe([messageEvent], { dn: '1001' })

    expect(body(raw.last('NOTIFY'))).toBe('Messages-Waiting: yes\r\nMessage-Account: sip:8600@ringmain\r\n')
  })

  it('is for its own DN, and for another whose mailbox is open to it', async () => {
    const { raw, subscribe } = await setUp({ subscriptions: 9, subscriptionsOfDN: 9 })

    await subscribe([messageEvent], { dn: '1002' })
    await subscribe([messageEvent], { dn: '1003' })
    await subscribe([messageEvent], { dn: '1001', from: '1002' })

    expect(raw.heard()).toEqual(['403', '200', 'NOTIFY', '403'])
  })

  it('is refused where there is no voicemail, so that phones stop asking', async () => {
    const { raw, subscribe } = await setUp({ voicemail: false })

    await subscribe([messageEvent], { dn: '1001' })

    expect(raw.heard()).toEqual(['489'])
    expect(raw.last('489').headers('Allow-Events')).toEqual(['dialog', 'reg'])
  })
})
