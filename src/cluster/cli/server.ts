/** The HTTP API of a running server, as client commands use it: with the operator's token, failures in plain words. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandFailed, NotAvailableYet, WrongUsage } from './errors.ts'
import type { Terminal } from './terminal.ts'

export type ServerOptions = { readonly url: string; readonly data?: string }

export interface Server {
  readonly url: string
  get<Answer>(path: string): Promise<Answer>
  /** What is no JSON. */
  download(path: string): Promise<Uint8Array>
  send<Answer>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>
}

/** A problem document of the server (RFC 9457); each of its errors points at what is wrong. */
export class ServerRefused extends CommandFailed {
  readonly status: number
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[]
  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`)
    this.status = status
    this.errors = problem.errors ?? []
  }
}
type Problem = { title?: string; detail?: string; errors?: { pointer: string; detail: string }[] }

/** Longer than any answer takes: applying thousands of persons hashes their passwords. */
const patience = 120_000

export const dataOf = ({ data }: Pick<ServerOptions, 'data'>, { env }: Terminal): string =>
  data ?? env.RINGMAIN_DATA ?? './data'

export async function connect(options: ServerOptions, terminal: Terminal): Promise<Server> {
  const base = baseOf(options.url)
  const directory = dataOf(options, terminal)
  const token = terminal.env.RINGMAIN_TOKEN ?? (await tokenIn(directory))
  if (token === undefined) throw await tokenless(base, options.url, directory)
  const request = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(new URL(path, base), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(patience),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw unreachable(options.url, error as Error)
    })
    if (response.ok) return response
    throw refusal(response.status, (await response.json().catch(() => ({}))) as Problem, `${method} ${path}`)
  }
  const ask = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> =>
    (await (await request(method, path, body)).json()) as Answer
  return {
    url: options.url,
    get: (path) => ask('GET', path),
    download: async (path) => new Uint8Array(await (await request('GET', path)).arrayBuffer()),
    send: ask,
  }
}

function baseOf(url: string): URL {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url)
  throw new WrongUsage(`--url ${url} is no HTTP address, such as http://127.0.0.1:8080`)
}

async function tokenIn(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, 'token'), 'utf8')).trim()
  } catch {
    return undefined
  }
}

/** Where no server runs, its token is the lesser trouble. */
async function tokenless(base: URL, url: string, directory: string): Promise<CommandFailed> {
  try {
    await fetch(new URL('/health', base), { signal: AbortSignal.timeout(patience) })
  } catch (error) {
    return unreachable(url, error as Error)
  }
  return new CommandFailed(
    `a server answers at ${url}, but there is no token in ${join(directory, 'token')}`,
    'name the data directory of that server with --data, or set RINGMAIN_TOKEN',
  )
}

function unreachable(url: string, error: Error): CommandFailed {
  const cause = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message
  return new CommandFailed(
    `no server answers at ${url} (${cause})`,
    'start one with "ringmain demo", or name another one with --url',
  )
}

function refusal(status: number, problem: Problem, what: string): Error {
  if (status === 501) return new NotAvailableYet(what)
  if (status === 401)
    return new CommandFailed(
      'the server does not know this token',
      'it is in the file "token" of the data directory the server was started with: name that directory with --data',
    )
  return new ServerRefused(status, problem)
}
