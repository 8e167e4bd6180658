import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MessageSummary } from '#protocols/sip/message/message-summary.ts'
import { World } from '#simulation/world.ts'
import { type Mailbox, Mailboxes } from './mailboxes.ts'

const waiting = (fresh: number): MessageSummary => ({
  waiting: fresh > 0,
  counts: [{ class: 'Voice-Message', new: fresh, old: 0 }],
})
const nothing: MessageSummary = { waiting: false, counts: [] }

/** The mailboxes of two nodes, whose broadcasts wait until they are carried over. */
function setUp() {
  const { clock } = new World().host('node')
  const dns = new Set(['1001', '1002'])
  const node = (name: string) => {
    const sent: Mailbox[][] = []
    const changed: string[] = []
    const mailboxes = new Mailboxes({
      clock,
      node: name,
      isDN: (number) => dns.has(number),
      broadcast: (told) => sent.push([...told]),
      changed: (dn) => changed.push(dn),
    })
    return { mailboxes, sent, changed }
  }
  return { one: node('node1'), other: node('node2'), dns }
}

describe('the messages of DNs', () => {
  it('are none where nothing was told', () => {
    expect(setUp().one.mailboxes.summary('1001')).toEqual(nothing)
  })

  it('are as they were told last, which all nodes hear; who watches hears of what is new', () => {
    const { one, other } = setUp()

    one.mailboxes.told('1001', waiting(1))
    one.mailboxes.told('1001', waiting(2))
    one.mailboxes.told('1001', waiting(2))
    for (const told of one.sent) other.mailboxes.heard(told)

    expect(other.mailboxes.summary('1001')).toEqual(waiting(2))
    expect([one.changed, other.changed]).toEqual([
      ['1001', '1001'],
      ['1001', '1001'],
    ])
  })

  it('told to two nodes within one millisecond end alike at both, in whatever order each hears', () => {
    const { one, other } = setUp()

    one.mailboxes.told('1001', waiting(1))
    other.mailboxes.told('1001', waiting(2))
    for (const told of one.sent) other.mailboxes.heard(told)
    for (const told of other.sent) one.mailboxes.heard(told)

    expect(one.mailboxes.summary('1001')).toEqual(other.mailboxes.summary('1001'))
  })

  it('that were told after others were heard count, though the clock of the other node is ahead', () => {
    const { one } = setUp()
    one.mailboxes.heard([{ dn: '1001', summary: waiting(3), order: 1e15, by: 'node9' }])

    one.mailboxes.told('1001', nothing)

    expect(one.mailboxes.summary('1001')).toEqual(nothing)
    expect(one.sent[0]?.[0]?.order).toBe(1e15 + 1)
  })

  it('are forgotten with their DN', () => {
    const { one, dns } = setUp()
    one.mailboxes.told('1001', waiting(1))
    one.mailboxes.told('1002', waiting(2))

    dns.delete('1001')
    one.mailboxes.sweep()

    expect(one.mailboxes.all().map(({ dn }) => dn)).toEqual(['1002'])
  })

  it('are none from when their DN is gone, which who watches it hears: a lamp goes out', () => {
    const { one, dns } = setUp()
    one.mailboxes.told('1001', waiting(1))
    one.mailboxes.told('1002', waiting(0))

    dns.clear()
    one.mailboxes.sweep()

    expect(one.changed).toEqual(['1001', '1002', '1001', '1002'])
    expect(one.mailboxes.summary('1001')).toEqual(nothing)
  })

  it('are not heard for what is no DN here: who gets its number anew would have those of its former owner', () => {
    const { one, other, dns } = setUp()
    other.mailboxes.told('1001', waiting(1))
    dns.delete('1001')

    one.mailboxes.heard(other.mailboxes.all())

    expect(one.mailboxes.all()).toEqual([])
    expect(one.changed).toEqual([])
  })

  it('are the same at all nodes once all have heard all, in any order and any number of times', () => {
    const events = fc.array(fc.record({ at: fc.boolean(), fresh: fc.nat(3), hears: fc.boolean() }), { maxLength: 20 })
    fc.assert(
      fc.property(events, (told) => {
        const { one, other } = setUp()
        for (const { at, fresh, hears } of told) {
          const [here, there] = at ? [one, other] : [other, one]
          if (hears) here.mailboxes.heard(there.mailboxes.all())
          here.mailboxes.told('1001', waiting(fresh))
        }
        other.mailboxes.heard(one.mailboxes.all())
        one.mailboxes.heard(other.mailboxes.all())

        expect(one.mailboxes.all()).toEqual(other.mailboxes.all())
      }),
    )
  })
})
