/** `/api/v1/events`: one client of the event stream, from its first frame to its end. */
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { WebSocket } from 'ws'
import { HttpProblem } from '#platform/http/errors.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { Hello } from '#protocols/model/http/events.ts'
import { type Access, seesAll } from '../access.ts'
import type { Principal } from '../tokens.ts'
import type { View } from '../view.ts'
import type { Entry, EventStream } from './stream.ts'

const helloWithin = 5000
const pingEvery = 15_000
/** Bytes a client may leave unread: then it comes back and goes on from its last event. */
const mostQueued = 4 * 1024 * 1024

/** Close codes of ours (RFC 6455 §7.4.2). */
const codes = { unauthorized: 4401, badHello: 4400, tooSlow: 4408 }

const hello = Compile(Hello)
const isHello = (value: unknown): value is Static<typeof Hello> => hello.Check(value)

export type EventServices = {
  readonly clock: Clock
  readonly access: Access
  readonly view: View
  readonly stream: EventStream
}

export function serveEvents(socket: WebSocket, services: EventServices): void {
  new EventClient(socket, services).begin()
}

class EventClient {
  private readonly socket: WebSocket
  private readonly services: EventServices
  private principal: Principal | undefined
  private token = ''
  private timer: Timer | undefined
  private unlisten: (() => void) | undefined
  private answered = true

  constructor(socket: WebSocket, services: EventServices) {
    this.socket = socket
    this.services = services
  }

  begin(): void {
    const { clock } = this.services
    this.timer = clock.after(helloWithin, () => this.close(codes.badHello, 'the first frame did not come in time'))
    this.socket.on('message', (data) => this.message(String(data)))
    this.socket.on('pong', () => {
      this.answered = true
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.timer?.cancel()
      this.unlisten?.()
    })
  }

  private message(text: string) {
    // What comes after the first frame means nothing yet.
    if (this.principal) return
    const greeting = parsed(text)
    if (!isHello(greeting)) return this.close(codes.badHello, 'the first frame is {"token","since"?}')
    const { token, since } = greeting
    try {
      this.principal = this.services.access.withToken(token)
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error
      return this.close(codes.unauthorized, error.message)
    }
    this.token = token
    this.timer?.cancel()
    this.start(since)
    this.watch()
  }

  private start(since: number | undefined): void {
    const { stream } = this.services
    const missed = since === undefined ? undefined : stream.since(since)
    if (missed) for (const entry of missed) this.tell(entry)
    else this.send(JSON.stringify(stream.snapshot(this.snapshot())))
    this.unlisten = stream.listen((entry) => this.tell(entry))
  }

  private snapshot(): Record<string, unknown> {
    const { view } = this.services
    const { principal } = this
    const all = principal !== undefined && seesAll(principal)
    const me = principal && view.me(principal.employeeId, [...principal.roles])
    const nodes = all ? { nodes: view.nodes() } : {}
    const own = new Set(me?.calls.map(({ callUUID }) => callUUID))
    const calls = view.liveCalls().filter(({ callUUID }) => all || own.has(callUUID))
    return { calls, queues: view.queues(), agents: view.agents(), ...nodes, me }
  }

  private tell({ event, audience }: Entry): void {
    if (this.principal && this.maySee(audience, this.principal)) this.send(JSON.stringify(event))
  }

  private maySee(audience: Entry['audience'], principal: Principal): boolean {
    if (audience === 'all' || seesAll(principal) || audience.agents.has(principal.employeeId)) return true
    const dn = this.services.view.figures(principal.employeeId)?.dn
    return dn !== undefined && audience.dns.has(dn)
  }

  private send(text: string): void {
    if (this.socket.bufferedAmount > mostQueued) this.close(codes.tooSlow, 'the client is too slow')
    else this.socket.send(text)
  }

  /** Dead peers are found, and a token that is not valid any more ends the stream. */
  private watch(): void {
    this.timer = this.services.clock.after(pingEvery, () => {
      if (!this.answered) return this.socket.terminate()
      try {
        this.principal = this.services.access.withToken(this.token)
      } catch {
        return this.close(codes.unauthorized, 'the token is not valid any more')
      }
      this.answered = false
      this.socket.ping()
      this.watch()
    })
  }

  private close(code: number, reason: string): void {
    this.unlisten?.()
    this.socket.close(code, reason)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
