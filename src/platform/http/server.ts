/**
 * The HTTP server of a component: problems instead of errors, checked requests, `/health`, `/metrics`, OpenAPI,
 * WebSockets, and the headers and limits that a server on a hostile network needs.
 */
import { createServer, type Server } from 'node:http'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import websocket from '@fastify/websocket'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  fastify,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
} from 'fastify'
import type { Health } from '../component/component.ts'
import type { Log } from '../log/log.ts'
import type { Exposition } from '../metrics/prometheus.ts'
import type { Address, Listener, Runtime } from '../runtime/runtime.ts'
import { ConnectionStream } from './connection-stream.ts'
import { HttpProblem } from './errors.ts'
import { answerProblem } from './problem.ts'
import { compileSchema, type TypeBoxProvider } from './validation.ts'

export type HttpApp = FastifyInstance<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  FastifyBaseLogger,
  TypeBoxProvider
>

export type HttpServerOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly local: Address
  readonly title: string
  readonly version: string
  /** Where the OpenAPI document is. */
  readonly openapi?: string
  /** What `/health` says; 200 unless it is down. */
  readonly health: () => Health & object
  readonly metrics?: Exposition
  readonly routes: (app: HttpApp) => void | Promise<void>
  readonly limits?: { readonly requestsPerMinute?: number; readonly connections?: number }
}

export interface HttpServer {
  readonly local: Address
  /** Ends requests and WebSockets, and closes the port. */
  close(): Promise<void>
}

const mostBody = 1024 * 1024
const idleAfter = 75_000

/** Throws `AddressInUse`, `CannotListen`. */
export async function listenHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { app, server } = await createApp(options)
  const { connections = 2000 } = options.limits ?? {}
  const streams = new Set<ConnectionStream>()
  const listener = await options.runtime.net.listen(options.local, (connection) => {
    if (streams.size >= connections) return connection.destroy()
    const stream = new ConnectionStream(options.runtime.clock, connection)
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
    stream.on('error', () => {})
    server.emit('connection', stream)
  })
  return { local: listener.local, close: () => closeAll(app, server, listener) }
}

async function closeAll(app: HttpApp, server: Server, listener: Listener): Promise<void> {
  listener.refuse()
  await app.close()
  server.close()
  await listener.close()
}

/** The application without a port: tests inject requests into it. */
export async function createApp(options: HttpServerOptions): Promise<{ app: HttpApp; server: Server }> {
  const { log, routes } = options
  const server = createServer({ keepAliveTimeout: idleAfter, requestTimeout: 30_000, headersTimeout: 10_000 })
  server.timeout = idleAfter
  const app: HttpApp = fastify({
    bodyLimit: mostBody,
    exposeHeadRoutes: false,
    serverFactory: (handler) => server.on('request', handler),
  }).withTypeProvider<TypeBoxProvider>()
  app.setValidatorCompiler(compileSchema)
  app.setSerializerCompiler(() => JSON.stringify)
  app.setErrorHandler((error: Error, request, reply) => answerProblem(log, error, request, reply))
  app.setNotFoundHandler((request) => {
    throw new HttpProblem('not-found', `there is no ${request.method} ${request.url.split('?')[0]}`)
  })
  readJson(app)
  await guard(app, options)
  await describe(app, options)
  await app.register(websocket, { options: { maxPayload: mostBody } })
  serveOperations(app, options)
  await routes(app)
  await app.ready()
  // Node checks headersTimeout and requestTimeout from this event on; the port itself is the runtime's.
  server.emit('listening')
  return { app, server }
}

/** An empty body that says it is JSON is no body: clients set the header once for all requests. */
function readJson(app: HttpApp): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null)
    else parse(request, body, done)
  })
}

async function guard(app: HttpApp, { limits }: HttpServerOptions): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", 'ws:', 'wss:'],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Said by whoever terminates TLS: a laptop's http://127.0.0.1 must not be remembered as https.
    strictTransportSecurity: false,
  })
  await app.register(rateLimit, {
    max: limits?.requestsPerMinute ?? 60_000,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { after }) =>
      new HttpProblem('too-many-requests', `too many requests; try again in ${after}`),
  })
}

async function describe(app: HttpApp, { title, version }: HttpServerOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
  })
}

function serveOperations(app: HttpApp, { health, metrics, openapi }: HttpServerOptions): void {
  app.get('/health', { schema: { summary: 'Whether calls can be taken, and why not' } }, (_request, reply) => {
    const told = health()
    return reply.status(told.status === 'down' ? 503 : 200).send(told)
  })
  if (metrics)
    app.get(
      '/metrics',
      { schema: { summary: 'Figures for Prometheus; from this host only' } },
      async (request, reply) => {
        if (!isLoopback(request.ip)) throw new HttpProblem('forbidden', 'metrics are told on this host only')
        return reply.type(metrics.contentType).send(await metrics.text())
      },
    )
  if (openapi) app.get(openapi, { schema: { hide: true } }, () => app.swagger())
}

const isLoopback = (host: string): boolean => host === '::1' || /^(::ffff:)?127\./.test(host)
