import { describe, expect, it } from 'vitest'
import { ProxyWorld, requestText } from '#simulation/proxy-world.ts'

const managerAt = { host: '10.0.3.1', port: 5060 }
const otherAt = { host: '10.0.3.2', port: 5060 }
const serverAt = { host: '10.0.3.3', port: 5070 }
const conference = 'sip:conf=42@media.dc1;play=greeting'

/** What a node sends. */
const fromNode = (method: string, uri: string, more: Parameters<typeof requestText>[1] = {}) =>
  requestText(method, { uri, user: 'c', at: 'node1.dc1', transport: 'TCP', contact: '<sip:c@node1.dc1>', ...more })

async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  await cluster.announce('resource-manager/dc1/rm1', { sip: managerAt })
  const manager = await cluster.linked('rm1', managerAt, proxy)
  return { cluster, world: cluster.world, proxy, node, manager }
}

describe('SIP Proxy, with links of Resource Managers and media servers', () => {
  it('takes a whole dialog of the media server over links: nothing is sent to its address (architecture §11)', async () => {
    const { cluster, world, proxy, node, manager } = await setUp()
    const server = await cluster.linked('media1', serverAt, proxy)
    const contact = `sip:media@${serverAt.host}:${serverAt.port}`

    node.say(fromNode('INVITE', conference, { callID: 'm1' }))
    await world.run(10)
    const [invite] = manager.requests('INVITE')
    const [route = ''] = invite?.headers('Record-Route') ?? []
    manager.answer(invite, 200, [['Record-Route', route]], `<${contact}>`)
    await world.run(10)
    const inDialog = { callID: 'm1', toTag: 'answer', fields: [`Route: ${route}`] }
    node.say(fromNode('ACK', contact, inDialog))
    server.say(requestText('INFO', { ...inDialog, uri: 'sip:c@node1.dc1', transport: 'TCP', at: '10.0.3.3:5070' }))
    await world.run(10)
    node.answer(node.requests('INFO')[0], 200)
    node.say(fromNode('BYE', contact, { ...inDialog, cseq: 2 }))
    await world.run(10)

    expect(invite?.header('Via')).toMatch(/^SIP\/2\.0\/TCP 10\.0\.0\.1:5060;/)
    expect(route).toMatch(/^<sip:10\.0\.0\.1:5060;transport=tcp;lr;node=/)
    expect(node.statuses('INVITE')).toEqual([200])
    expect(server.requests('ACK')).toHaveLength(1)
    expect(server.statuses('INFO')).toEqual([200])
    expect(server.requests('BYE')[0]?.requestURI).toBe(contact)
  })

  it('takes the next Resource Manager at once when the link of the first is lost before it answered', async () => {
    const { cluster, world, proxy, node, manager } = await setUp()
    node.say(fromNode('INVITE', conference))
    await world.run(10)
    await cluster.announce('resource-manager/dc1/rm2', { sip: otherAt })
    const other = await cluster.linked('rm2', otherAt, proxy)

    node.say(fromNode('INVITE', conference, { callID: 'm2' }))
    await world.run(10)
    const [first, second] = manager.requests('INVITE').length > 1 ? [manager, other] : [other, manager]
    first.close()
    await world.run(10)

    expect(second.requests('INVITE').filter(({ callID }) => callID === 'm2')).toHaveLength(1)
  })

  it('asks those with a link before those of whom it does not know whether they are there', async () => {
    const { cluster, world, node, manager } = await setUp()
    for (let index = 2; index < 6; index++)
      await cluster.announce(`resource-manager/dc1/rm${index}`, { sip: { host: `10.0.4.${index}`, port: 5060 } })

    for (let call = 0; call < 5; call++)
      node.say(fromNode('INVITE', `sip:conf=${call}@media.dc1`, { callID: `c${call}` }))
    await world.run(10)

    expect(manager.requests('INVITE')).toHaveLength(5)
  })

  it('sends over UDP again once a link has gone', async () => {
    const { cluster, world, proxy, node, manager } = await setUp()
    const overUDP = await cluster.udp('rm1', managerAt, proxy)
    manager.close()
    await world.run(10)

    node.say(fromNode('INVITE', conference))
    await world.run(10)

    expect(manager.requests('INVITE')).toHaveLength(0)
    expect(overUDP.requests('INVITE')[0]?.header('Via')).toMatch(/^SIP\/2\.0\/UDP /)
  })
})
