import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { setUp } from './centre.fixture.ts'

describe('T-Library over WebSocket', () => {
  const register = { name: 'RequestRegisterClient', refID: 1, applicationName: 'test' }
  const names = (heard: object[]) => heard.map((event) => ('name' in event ? event.name : undefined))

  it('carries a supervisor to the port of a node, his token in a frame of its own or with the registration', async () => {
    const { open, signIn, world } = await setUp(new World(11))
    const token = await signIn('1001')
    const [one, other] = [await open('/tlib/node1/t-controller'), await open('/tlib/node1.dc1/interaction-proxy')]

    one.socket.send(JSON.stringify({ token }))
    one.socket.send(JSON.stringify(register))
    other.socket.send(JSON.stringify({ ...register, token }))
    other.socket.send(JSON.stringify({ name: 'RequestHoldCall' }))
    await world.run(100)

    expect(names(one.heard)).toEqual(['EventLinkConnected'])
    expect(names(other.heard)).toEqual(['EventLinkConnected', 'EventError'])
  })

  it('ends with the node, and the connection to the node with the client', async () => {
    const { open, signIn, world, port } = await setUp(new World(11))
    const token = await signIn('1001')
    const [one, other] = [await open('/tlib/node1/t-controller'), await open('/tlib/node1/t-controller')]
    for (const { socket } of [one, other]) socket.send(JSON.stringify({ ...register, token }))
    await world.run(100)

    other.socket.close()
    await world.run(100)
    const clients = [...port.clients].filter(({ applicationName }) => applicationName === 'test')
    port.close()
    await world.run(100)

    expect(clients).toHaveLength(1)
    expect(one.end.code).toBe(1001)
  })

  it.each([
    ['an agent', '1002', '/tlib/node1/t-controller', 4401],
    ['a node that is not there', '1001', '/tlib/node7/t-controller', 4404],
  ])('refuses %s', async (_what, username, path, code) => {
    const { open, signIn, world } = await setUp(new World(11))
    const { socket, end } = await open(path)

    socket.send(JSON.stringify({ token: await signIn(username) }))
    await world.run(100)

    expect(end.code).toBe(code)
  })
})
