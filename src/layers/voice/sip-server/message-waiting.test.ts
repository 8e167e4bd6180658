import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { type Algorithm, secretOf } from '#protocols/sip/core/digest.ts'
import { answerChallenge } from '#protocols/sip/core/digest-client.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { NodeWorld } from '#simulation/node-world.ts'
import { requestText } from '#simulation/proxy-world.ts'
import { UdpPeer } from '#simulation/sip-peers.ts'

const entries = {
  settings: { domains: ['ringmain'] },
  dns: [
    { number: '1001', secret: 'demo' },
    { number: '1002', secret: 'demo', mailboxes: ['1001'] },
    ...Array.from({ length: 900 }, (_, index) => ({ number: String(1003 + index), secret: 'demo' })),
  ],
}
const voicemail = { name: 'voicemail', sources: ['10.9.0.1'], voicemail: true }

/** Two data centres with a proxy and a node each, and a voicemail server that speaks to the first. */
async function setUp(trunks = [voicemail]) {
  const cluster = new NodeWorld(1, configurationFrom({ ...entries, trunks }))
  const { world } = cluster
  await cluster.proxy('proxy1', '10.0.0.1', 'dc1')
  await cluster.proxy('proxy2', '10.0.0.2', 'dc2')
  const node = await cluster.node('node1', '10.0.0.11', { dc: 'dc1', number: 1 })
  await cluster.node('node2', '10.0.0.12', { dc: 'dc2', number: 2 })
  await world.run(3000)
  const server = await UdpPeer.at(world, 'server', { host: '10.9.0.1', port: 5060 }, { host: '10.0.0.1', port: 5060 })
  let notified = 0
  /** The server tells of the messages that wait for a DN, in the DN's own name as some servers do. */
  const tell = (dn: string, ...lines: string[]) => {
    notified += 1
    const body = lines.map((line) => `${line}\n`).join('')
    const fields = ['Event: message-summary', 'Content-Type: application/simple-message-summary']
    const options = { user: dn, at: '10.9.0.1:5060', uri: `sip:${dn}@10.0.0.1`, callID: `n${notified}`, fields }
    const length = body.length + lines.length
    const text = requestText('NOTIFY', options)
    server.say(text.replace('Content-Length: 0\n\n', `Content-Length: ${length}\n\n${body}`))
  }
  /** Gives the answer. */
  const leave = async (dn: string, ...lines: string[]) => {
    tell(dn, ...lines)
    await world.run(200)
    return server.statuses('NOTIFY').at(-1)
  }
  return { cluster, world, node, server, tell, leave }
}

/** A phone that subscribes by digest, answers each NOTIFY, and keeps their bodies. */
async function watcher(cluster: NodeWorld, user: string, proxy: string, host: string) {
  const { world } = cluster
  const peer = await UdpPeer.at(world, `phone of ${user}`, { host, port: 5060 }, { host: proxy, port: 5060 })
  const identity = {
    username: user,
    realm: 'ringmain',
    secretOf: (algorithm: Algorithm) => secretOf(user, 'ringmain', 'demo', algorithm),
  }
  let dialogs = 0
  let answered = 0
  const settle = async () => {
    await world.run(200)
    for (const notify of peer.requests('NOTIFY').slice(answered)) peer.answer(notify, 200)
    answered = peer.requests('NOTIFY').length
    await world.run(200)
  }
  /** Gives the final status. */
  const subscribe = async (dn: string) => {
    dialogs += 1
    const uri = `sip:${dn}@ringmain`
    const ask = async (cseq: number, fields: readonly string[]): Promise<Message> => {
      const own = ['Event: message-summary', ...fields]
      peer.say(
        requestText('SUBSCRIBE', { user, at: `${host}:5060`, uri, cseq, callID: `${user}-${dialogs}`, fields: own }),
      )
      await settle()
      const answer = peer.responses('SUBSCRIBE').at(-1)
      if (answer === undefined) throw new Error('nobody answered')
      return answer
    }
    const challenge = await ask(1, [])
    const fields = answerChallenge(challenge, { method: 'SUBSCRIBE', uri }, identity, world.random(user), 1) ?? []
    return (
      await ask(
        2,
        fields.map(([name, value]) => `${name}: ${value}`),
      )
    ).status
  }
  const told = () => peer.requests('NOTIFY').map(({ body }) => body.toString().split('\r\n')[0])
  return { subscribe, settle, told, last: () => peer.requests('NOTIFY').at(-1)?.body.toString() }
}

describe('messages that wait, from a voicemail server to phones (RFC 3842)', () => {
  it('are told to the phone that subscribes, at once and with each change, in whichever data centre it is', async () => {
    const { cluster, leave } = await setUp()
    const phone = await watcher(cluster, '1001', '10.0.0.2', '10.0.1.1')

    const status = await phone.subscribe('1001')
    const answers = [await leave('1001', 'Messages-Waiting: yes', 'Voice-Message: 2/1 (1/0)')]
    await phone.settle()
    const full = phone.last()
    answers.push(await leave('1001', 'Messages-Waiting: no', 'Voice-Message: 0/3'))
    await phone.settle()

    expect([status, ...answers]).toEqual([200, 200, 200])
    expect(phone.told()).toEqual(['Messages-Waiting: no', 'Messages-Waiting: yes', 'Messages-Waiting: no'])
    expect(full).toBe('Messages-Waiting: yes\r\nMessage-Account: sip:1001@ringmain\r\nVoice-Message: 2/1 (1/0)\r\n')
  })

  it('are known to a phone that subscribes later, and to one whose configuration opens the mailbox to it', async () => {
    const { cluster, leave } = await setUp()
    await leave('1001', 'Messages-Waiting: yes')
    const [own, open] = [
      await watcher(cluster, '1001', '10.0.0.1', '10.0.1.1'),
      await watcher(cluster, '1002', '10.0.0.2', '10.0.1.2'),
    ]

    const statuses = [await own.subscribe('1001'), await open.subscribe('1001'), await own.subscribe('1002')]

    expect(statuses).toEqual([200, 200, 403])
    expect([own.told(), open.told()]).toEqual([['Messages-Waiting: yes'], ['Messages-Waiting: yes']])
  })

  it('are not lost with a node, however many there are: the one that starts anew hears them from the others', async () => {
    const { cluster, world, node, server, tell } = await setUp()
    for (let dn = 1003; dn < 1903; dn++) tell(String(dn), 'Messages-Waiting: yes')
    await world.run(1000)
    cluster.crash('node1', node)
    await world.run(5000)
    await cluster.node('node1', '10.0.0.11', { dc: 'dc1', number: 1 })
    await world.run(5000)
    const told = []
    for (const dn of ['1003', '1450', '1902', '1001']) {
      const phone = await watcher(cluster, dn, '10.0.0.1', `10.0.1.${told.length + 1}`)
      await phone.subscribe(dn)
      told.push(phone.told().at(-1))
    }

    expect(server.statuses('NOTIFY')).toEqual(Array(900).fill(200))
    const waits = 'Messages-Waiting: yes'
    expect(told).toEqual([waits, waits, waits, 'Messages-Waiting: no'])
  })

  it('are taken from a trunk that is named as voicemail alone, and only for DNs', async () => {
    const { leave } = await setUp()
    const { leave: byCarrier } = await setUp([{ ...voicemail, voicemail: false }])

    expect(await leave('2009', 'Messages-Waiting: yes')).toBe(404)
    expect(await leave('1003', 'Voice-Message: 1')).toBe(400)
    expect(await byCarrier('1001', 'Messages-Waiting: yes')).toBe(403)
  })
})
