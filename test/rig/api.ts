/** A user of the HTTP API: signed in, with the event stream where wanted. */
import WebSocket from 'ws'
import type { Me } from '#protocols/model/http/agents.ts'
import type { Interaction, InteractionPage, Ladder, LiveCall } from '#protocols/model/http/calls.ts'
import type { ApiEvent } from '#protocols/model/http/events.ts'

class ApiError extends Error {
  readonly status: number
  constructor(what: string, status: number, body: string) {
    super(`${what}: ${status} ${body}`)
    this.status = status
  }
}

export class ApiClient {
  readonly url: string
  readonly token: string
  private constructor(url: string, token: string) {
    this.url = url
    this.token = token
  }

  static async signIn(url: string, username: string, password = 'demo'): Promise<ApiClient> {
    const answer = await call(url, undefined, 'POST', '/api/v1/session', { username, password })
    return new ApiClient(url, (answer as { token: string }).token)
  }

  get<T>(path: string): Promise<T> {
    return call(this.url, this.token, 'GET', path) as Promise<T>
  }
  post<T>(path: string, body: object = {}): Promise<T> {
    return call(this.url, this.token, 'POST', path, body) as Promise<T>
  }
  put<T>(path: string, body: object): Promise<T> {
    return call(this.url, this.token, 'PUT', path, body) as Promise<T>
  }
  patch<T>(path: string, body: object): Promise<T> {
    return call(this.url, this.token, 'PATCH', path, body) as Promise<T>
  }

  me(): Promise<Me> {
    return this.get('/api/v1/me')
  }

  /** Logs the agent in on a DN whose phone is registered, and makes him ready. */
  async ready(dn: string): Promise<void> {
    await this.put('/api/v1/me/place', { dn })
    await this.put('/api/v1/me/state', { state: 'ready' })
  }

  calls(): Promise<LiveCall[]> {
    return this.get('/api/v1/calls')
  }

  /** The record of the newest call that matches, once it has reached history. */
  async interaction(query: string, ms = 5_000): Promise<Interaction> {
    return until(async () => (await this.get<InteractionPage>(`/api/v1/interactions?${query}`)).items[0], ms, query)
  }

  ladder(callUUID: string): Promise<Ladder> {
    return this.get(`/api/v1/calls/${callUUID}/ladder`)
  }

  events(): Promise<EventStream> {
    return EventStream.open(this.url, this.token)
  }
}

/** `/api/v1/events`, from now on. */
export class EventStream {
  readonly seen: ApiEvent[] = []
  private readonly socket: WebSocket
  private readonly waiting = new Set<() => void>()
  private readonly listeners: ((event: ApiEvent) => void)[] = []

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      const event = JSON.parse(String(data)) as ApiEvent
      this.seen.push(event)
      for (const listener of this.listeners) listener(event)
      for (const check of this.waiting) check()
    })
  }

  static async open(url: string, token: string): Promise<EventStream> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/events`)
    const stream = new EventStream(socket)
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.send(JSON.stringify({ token }))
    await stream.next((event) => event.type === 'snapshot')
    return stream
  }

  /** The first event that matches, of those seen or to come. */
  next(matches: (event: ApiEvent) => boolean, ms = 15_000): Promise<ApiEvent> {
    return new Promise((resolve, reject) => {
      const finish = (run: () => void) => {
        clearTimeout(timer)
        this.waiting.delete(check)
        run()
      }
      const check = () => {
        const found = this.seen.find(matches)
        if (found) finish(() => resolve(found))
      }
      const types = () => this.seen.map(({ type, subject }) => `${type} ${subject}`).join(', ')
      const timer = setTimeout(() => finish(() => reject(new Error(`no such event in ${ms} ms; seen: ${types()}`))), ms)
      this.waiting.add(check)
      check()
    })
  }

  /** Every event to come. */
  each(listener: (event: ApiEvent) => void): void {
    this.listeners.push(listener)
  }

  close(): void {
    this.socket.terminate()
  }
}

/** Asks again, every 50 ms, until there is something: for what reaches the database a moment after the call. */
export async function until<T>(ask: () => Promise<T | undefined>, ms: number, what: string): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`not there after ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function call(url: string, token: string | undefined, method: string, path: string, body?: object) {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new ApiError(`${method} ${path}`, response.status, text)
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}
