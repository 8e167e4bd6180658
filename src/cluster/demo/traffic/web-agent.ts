/** A SIMULATED agent at the HTTP API, as a desktop is: signs in, takes its place, gets ready. */
import { type HttpClient, httpClient } from '#platform/http/client.ts'
import type { Address, Runtime } from '#platform/runtime/runtime.ts'

export type WebAgentOptions = {
  readonly runtime: Runtime
  /** Servers in the order of preference. */
  readonly servers: readonly Address[]
  readonly username: string
  readonly password: string
}

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

/** After-call work that lasts longer than this is over: whoever was to end it has forgotten. */
const longestWrapUp = 60_000

export class WebAgent {
  private readonly options: WebAgentOptions
  private readonly client: HttpClient
  private server = 0
  private token: string | undefined

  constructor(options: WebAgentOptions) {
    this.options = options
    this.client = httpClient(options.runtime)
  }

  /**
   * Does what is missing to be ready on `dn`; tells what stands in the way, or undefined. Throws `RequestFailed` where
   * a server is gone: the next call asks the next one.
   */
  async beReady(dn: string): Promise<string | undefined> {
    try {
      return await this.getReady(dn)
    } catch (error) {
      this.server = (this.server + 1) % this.options.servers.length
      throw error
    }
  }

  private async getReady(dn: string): Promise<string | undefined> {
    if (this.token === undefined) {
      const fault = await this.signIn()
      if (fault !== undefined) return fault
    }
    const me = await this.ask('GET', '/api/v1/me')
    if (me.status !== 200) return this.fault(me)
    if (me.body.dn !== dn || me.body.state === 'logged-out') {
      const place = await this.ask('PUT', '/api/v1/me/place', { dn })
      if (place.status >= 300) return this.fault(place)
    } else if (!this.isIdle(me.body)) return undefined
    const ready = await this.ask('PUT', '/api/v1/me/state', { state: 'ready' })
    return ready.status >= 300 ? this.fault(ready) : undefined
  }

  private isIdle({ state, since }: Answer['body']): boolean {
    if (state === 'not-ready') return true
    return state === 'after-call-work' && this.options.runtime.clock.wall() - timeOf(since) > longestWrapUp
  }

  private async signIn(): Promise<string | undefined> {
    const { username, password } = this.options
    const session = await this.ask('POST', '/api/v1/session', { username, password })
    if (session.status !== 201) return this.fault(session)
    this.token = String(session.body.token)
    return undefined
  }

  private fault({ status, body }: Answer): string {
    if (status === 401) this.token = undefined
    return `${status} ${body.detail ?? body.title ?? ''}`.trim()
  }

  private async ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
    const to = this.options.servers[this.server] as Address
    const headers: Record<string, string> = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }
    const answer = await this.client.request({ to, method, path, headers, ...(body === undefined ? {} : { body }) })
    return { status: answer.status, body: objectOf(answer.body) }
  }
}

function objectOf(bytes: Buffer): Answer['body'] {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null ? (value as Answer['body']) : {}
  } catch {
    return {}
  }
}

const timeOf = (since: unknown): number => (typeof since === 'string' ? Date.parse(since) : Number.NaN)
