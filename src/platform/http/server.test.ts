import type { InjectOptions } from 'fastify'
import { Type } from 'typebox'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { World } from '#simulation/world.ts'
import { type Log, silentLog } from '../log/log.ts'
import { prometheus } from '../metrics/prometheus.ts'
import { AddressInUse } from '../runtime/errors.ts'
import { nodeRuntime } from '../runtime/node/node-runtime.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type HttpRequest, httpClient } from './client.ts'
import { HttpProblem } from './errors.ts'
import { createApp, type HttpApp, listenHttp } from './server.ts'

const Thing = Type.Object(
  { name: Type.String({ minLength: 1 }), size: Type.Integer({ default: 3 }) },
  { additionalProperties: false },
)

const routes = (app: HttpApp) => {
  app.post(
    '/things',
    { schema: { body: Thing, querystring: Type.Object({ n: Type.Integer({ default: 1 }) }) } },
    (request) => ({
      name: request.body.name,
      size: request.body.size * request.query.n,
    }),
  )
  app.get('/conflict', () => {
    throw new HttpProblem('conflict', 'DN 1001 is taken by 1002', { reason: 'taken' })
  })
  app.get('/bug', () => {
    throw new Error('a secret detail')
  })
  app.get('/echo', { websocket: true }, (socket) => {
    socket.on('message', (data) => socket.send(`heard ${String(data)}`))
  })
}

const local = { host: '127.0.0.1', port: 0 }
const optionsFor = (runtime: Runtime, log: Log = silentLog) => ({
  runtime,
  log,
  local,
  title: 'Things',
  version: '1',
  openapi: '/openapi.json',
  health: () => ({ status: 'ok' as const, reasons: [], components: [] }),
  metrics: prometheus(),
  routes,
})

/** A server and a way to ask it, on a virtual host. */
async function setUp(log?: Log) {
  const { app } = await createApp(optionsFor(new World().host('a'), log))
  const ask = async (request: InjectOptions) => {
    const answer = await app.inject(request)
    return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() as object }
  }
  return { app, ask }
}

describe('the HTTP server of a component', () => {
  it('fills in defaults and turns text of the query into what the schema says', async () => {
    const { ask } = await setUp()

    const answer = await ask({ method: 'POST', url: '/things?n=2', payload: { name: 'a' } })

    expect(answer).toMatchObject({ status: 200, body: { name: 'a', size: 6 } })
  })

  it('refuses an unknown key by name, with the nearest right one (RFC 9457)', async () => {
    const { ask } = await setUp()

    const answer = await ask({ method: 'POST', url: '/things', payload: { name: 'a', sise: 4 } })

    expect(answer.type).toContain('application/problem+json')
    expect(answer).toMatchObject({
      status: 400,
      body: {
        type: 'urn:ringmain:problem:invalid-request',
        status: 400,
        detail: 'sise is no key here; did you mean size?',
        instance: '/things',
        errors: [{ pointer: '/sise', detail: 'sise is no key here; did you mean size?' }],
      },
    })
  })

  it('tells why something cannot be done now', async () => {
    const { ask } = await setUp()

    expect(await ask({ url: '/conflict' })).toMatchObject({
      status: 409,
      body: { type: 'urn:ringmain:problem:conflict', reason: 'taken', detail: 'DN 1001 is taken by 1002' },
    })
  })

  it('keeps the details of its own faults for the log', async () => {
    const logged: object[] = []
    const { ask } = await setUp({ ...silentLog, error: (fields) => logged.push(fields) })

    const answer = await ask({ url: '/bug' })

    expect(answer.status).toBe(500)
    expect(JSON.stringify(answer.body)).not.toContain('secret')
    expect(JSON.stringify(logged)).toContain('a secret detail')
  })

  it.each([
    [
      'what is no JSON',
      { method: 'POST', url: '/things', payload: '{', headers: { 'content-type': 'application/json' } },
      400,
    ],
    ['another form', { method: 'POST', url: '/things', payload: 'a=b', headers: { 'content-type': 'text/css' } }, 415],
    ['too much', { method: 'POST', url: '/things', payload: { name: 'x'.repeat(1_100_000) } }, 413],
    ['a path that is not there', { url: '/nothing' }, 404],
    [
      'a prototype',
      {
        method: 'POST',
        url: '/things',
        payload: '{"name":"a","__proto__":{}}',
        headers: { 'content-type': 'application/json' },
      },
      400,
    ],
  ] as const)('answers %s with a problem', async (_what, request, status) => {
    const { ask } = await setUp()

    expect(await ask(request)).toMatchObject({ status, body: { status } })
  })

  it('tells health to all, metrics to its own host, and describes itself', async () => {
    const { app, ask } = await setUp()

    const far = await ask({ url: '/metrics', remoteAddress: '192.0.2.1' })
    const near = await app.inject({ url: '/metrics' })
    const described = (await ask({ url: '/openapi.json' })).body

    expect(await ask({ url: '/health' })).toMatchObject({ status: 200, body: { status: 'ok', components: [] } })
    expect([far.status, near.statusCode]).toEqual([403, 200])
    expect(described).toMatchObject({ openapi: '3.1.0', paths: { '/things': { post: {} }, '/health': {} } })
  })

  it('lets pages run only what it serves', async () => {
    const { app } = await setUp()

    const { headers } = await app.inject({ url: '/health' })

    expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'self'")
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

describe('HTTP between hosts', () => {
  it('runs on the network of the runtime, a virtual one too', async () => {
    const world = new World()
    const server = await world.complete(
      listenHttp({ ...optionsFor(world.host('a')), local: { host: '127.0.0.1', port: 80 } }),
    )
    const client = httpClient(world.host('b'))
    const ask = (more: Partial<HttpRequest>) =>
      world.complete(client.request({ to: server.local, path: '/health', ...more }))

    const made = await ask({ method: 'POST', path: '/things', body: { name: 'a' } })
    const refused = await ask({ path: '/conflict' })
    world.links.partition(['a'], ['b'])
    const cut = ask({ within: 1000 })
    await expect(cut).rejects.toThrow('no answer in 1 s')
    world.links.heal(['a'], ['b'])
    await world.complete(server.close())

    expect([made.status, JSON.parse(made.body.toString())]).toEqual([200, { name: 'a', size: 3 }])
    expect(refused.status).toBe(409)
    await expect(ask({})).rejects.toThrow('no answer from http://127.0.0.1:80/health')
  })
})

describe('HTTP over real sockets', () => {
  const runtime = nodeRuntime()
  const open: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close()
  })
  const listen = async (at = local) => {
    const server = await listenHttp({ ...optionsFor(runtime), local: at })
    open.push(server)
    return server
  }

  it('answers requests and carries WebSockets, and ends them when it closes', async () => {
    const server = await listen()
    const answer = await httpClient(runtime).request({ to: server.local, path: '/health' })
    const socket = new WebSocket(`ws://127.0.0.1:${server.local.port}/echo`)
    const heard = await new Promise<string>((resolve) => {
      socket.on('open', () => socket.send('hello'))
      socket.on('message', (data) => resolve(String(data)))
    })
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))

    await server.close()
    await ended

    expect(answer.status).toBe(200)
    expect(heard).toBe('heard hello')
  })

  it('says which address is in use', async () => {
    const server = await listen()

    await expect(listen(server.local)).rejects.toThrow(AddressInUse)
  })
})
