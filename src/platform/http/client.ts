/** HTTP requests between components, over the connections of the runtime. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { deferred } from '../deferred.ts'
import type { Address, Runtime } from '../runtime/runtime.ts'
import { ConnectionStream } from './connection-stream.ts'
import { RequestFailed } from './errors.ts'

export type HttpRequest = {
  readonly to: Address
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly within?: number
}

type HttpResponse = { readonly status: number; readonly body: Buffer }

export interface HttpClient {
  /** Throws `RequestFailed` when there is no whole answer in time; every status is an answer. */
  request(request: HttpRequest): Promise<HttpResponse>
}

const mostAnswer = 64 * 1024 * 1024

/** One connection a request: components that ask each other seldom need no pool. */
export const httpClient = (runtime: Runtime): HttpClient => ({
  async request(request) {
    const { to, path, within = 10_000 } = request
    const late = deferred<never>()
    const limit = runtime.clock.after(within, () => late.reject(new Error(`no answer in ${within / 1000} s`)))
    const connecting = runtime.net.connect(to).then((connection) => new ConnectionStream(runtime.clock, connection))
    try {
      const stream = await Promise.race([connecting, late.promise])
      return await Promise.race([exchange(request, stream), late.promise])
    } catch (error) {
      throw new RequestFailed(`http://${to.host}:${to.port}${path}`, (error as Error).message, { cause: error })
    } finally {
      limit.cancel()
      // Also one that comes only now.
      connecting.then(
        (stream) => stream.destroy(),
        () => {},
      )
    }
  },
})

function exchange(request: HttpRequest, stream: ConnectionStream): Promise<HttpResponse> {
  const { to, method = 'GET', path, headers, body } = request
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const sent = httpRequest({
    host: to.host,
    port: to.port,
    method,
    path,
    headers: {
      connection: 'close',
      ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
      ...headers,
    },
    createConnection: () => stream,
  })
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) =>
      readAll(response).then((bytes) => resolve({ status: response.statusCode ?? 0, body: bytes }), reject),
    )
    sent.end(payload)
  })
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > mostAnswer) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
