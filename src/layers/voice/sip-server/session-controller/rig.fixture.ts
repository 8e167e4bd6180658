/**
 * The Session Controller with a world around it: scripted phones, carrier and media server, owners, directory and
 * clients that do as they are told, and the checker over every event.
 */
import { expect, onTestFinished } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { type Metrics, noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { noTrace } from '#platform/trace/trace.ts'
import type { UserAgentOptions } from '#protocols/sip/core/user-agent.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { type Checker, createChecker } from '#protocols/tlib/checker.ts'
import { type Event, isCallBased } from '#protocols/tlib/events.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import {
  agentAt,
  carrierHost,
  MediaServer,
  mediaHost,
  nextHop,
  nodeHost,
  Phone,
  phoneHost,
  port,
  type World,
} from './phones.fixture.ts'
import type {
  Destination,
  MediaPolicy,
  Origin,
  Owners,
  Ports,
  Requester,
  SeizeOutcome,
  SeizeRefusal,
  SeizeRequest,
  SessionController,
} from './ports.ts'
import { createSessionController } from './session-controller.ts'
import { validateEvent } from './validate-event.fixture.ts'

/** Owners that grant what the test does not refuse. */
class ScriptedOwners implements Owners {
  readonly log: string[] = []
  readonly refusals = new Map<string, SeizeRefusal>()
  readonly agents = new Set<string>()
  readonly seized = new Map<string, string>()
  /** Seizures of these DNs wait until the test replies. */
  readonly slow = new Map<string, () => void>()
  /** What they know of the addresses of phones. */
  readonly ipVersions: Setting['ipVersions']

  constructor({ ipVersions }: Setting) {
    this.ipVersions = ipVersions
  }

  seize(request: SeizeRequest, reply: Parameters<Owners['seize']>[1]): void {
    const { dn, purpose, connID } = request
    this.log.push(`seize ${dn} ${purpose}${request.reservation ? ` ${request.reservation}` : ''}`)
    const refusal = this.refusals.get(dn) ?? (this.seized.has(dn) && purpose !== 'originate' ? 'busy' : undefined)
    const answer = () => {
      if (refusal) return reply({ granted: false, cause: refusal })
      this.seized.set(dn, connID)
      const ipVersion = this.ipVersions?.[Number(dn)]
      const known = { ...(this.agents.has(dn) && { agentID: `agent${dn}` }), ...(ipVersion && { ipVersion }) }
      reply({ granted: true, owner: 'node1', ...known })
    }
    if (this.slow.has(dn)) this.slow.set(dn, answer)
    else answer()
  }
  release({ dn, outcome }: { dn: string; outcome: SeizeOutcome }): void {
    this.log.push(`release ${dn} ${outcome}`)
    this.seized.delete(dn)
  }
  move({ dn, to }: { dn: string; to: string }): void {
    this.log.push(`move ${dn}`)
    this.seized.set(dn, to)
  }
}

/** One requester: what it was told. */
export class Asking implements Requester {
  readonly told: string[] = []
  event: object | undefined
  answer(event: Event): void {
    this.event = event
    this.told.push(event.name.slice(5))
  }
  refuse(errorCode: number, errorMessage: string): void {
    this.told.push(`Error ${errorCode} ${errorMessage}`)
  }
}

export type Setting = {
  readonly media?: MediaPolicy
  /** Of phones, by DN; nothing is known of the others. */
  readonly ipVersions?: Readonly<Record<number, 4 | 6>>
  readonly overloaded?: boolean
  /** Whenever it is asked whether there is room for one more call. */
  asked?: (thinned: boolean) => void
  mostCalls?: number
  /** Legs that the trunk may have. */
  readonly trunkLegs?: number
  /** What the trunk says before the answer is heard; true unless given. */
  readonly earlyMedia?: boolean
  readonly defaultDestination?: string
  readonly sessionTimer?: UserAgentOptions['sessionTimer']
  /** No proxy is linked: nothing leaves the node. */
  unlinked?: boolean
}

export async function rig(world: World, setting: Setting = {}) {
  const { sessionTimer } = setting
  const node = await agentAt(world, 'node', nodeHost, 'node1', {
    nextHop: (uri) => (setting.unlinked ? undefined : nextHop(uri)),
    ...(sessionTimer && { sessionTimer }),
  })
  const media = new MediaServer((await agentAt(world, 'media', mediaHost, 'media')).agent)
  const carrierAgent = await agentAt(world, 'carrier', carrierHost, 'carrier')
  const carrier = new Phone(carrierAgent.agent, '+442079460018', carrierHost)
  const phones = new Map<string, Phone>()
  for (const dn of ['1001', '1002', '1003']) {
    phones.set(dn, new Phone((await agentAt(world, dn, phoneHost(dn), dn)).agent, dn, phoneHost(dn)))
  }
  const owners = new ScriptedOwners(setting)
  const checker = createChecker('full')
  const published: Event[] = []
  const publisher = publishing(node.runtime, published, checker)
  const challenged = new Set<string>()
  const trunkLegs = { now: 0, most: setting.trunkLegs ?? Number.POSITIVE_INFINITY }
  const outside = { legs: [] as string[], refusal: undefined as 'forbidden' | 'limit' | undefined }
  const ports: Ports<Event> = {
    outside: {
      take: (dn) => {
        if (outside.refusal === undefined) outside.legs.push(dn)
        return outside.refusal
      },
      release: (dn) => void outside.legs.splice(outside.legs.indexOf(dn), 1),
    },
    trunks: {
      take: () => trunkLegs.now < trunkLegs.most && ++trunkLegs.now > 0,
      release: () => void trunkLegs.now--,
    },
    owners,
    publisher,
    directory: directory(setting),
    authenticator: {
      authenticate: (request) =>
        [...challenged].some((dn) => request.header('From')?.includes(dn))
          ? {
              ok: false,
              status: 401,
              reason: 'Unauthorized',
              fields: [['WWW-Authenticate', 'Digest realm="ringmain"']],
            }
          : { ok: true },
    },
  }
  const ended: string[] = []
  const unexpected: string[] = []
  const controller = createSessionController({
    runtime: node.runtime,
    log: silentLog,
    metrics: counting(ended, unexpected),
    trace: noTrace,
    userAgent: node.agent,
    ports,
    node: { name: 'node1.dc1', dc: 'dc1', number: 1, epoch: 1 },
    settings: () => ({ offerTimeout: 15_000, ringTimeout: 60_000, mostCalls: setting.mostCalls ?? 100 }),
    admitsCall(thinned) {
      setting.asked?.(thinned)
      return setting.overloaded !== true
    },
  })
  node.agent.onInvite((session) => ({ user: controller.invited(session) }))
  const phone = (dn: string): Phone => phones.get(dn) as Phone
  /** Everything is over: no rule was broken, nobody is seized, nothing is open. */
  const settled = async () => {
    await world.run(70_000)
    expect(checker.end()).toEqual([])
    expect(unexpected).toEqual([])
    expect(controller.active).toBe(0)
    expect(trunkLegs.now).toBe(0)
    expect(outside.legs).toEqual([])
    expect([...owners.seized]).toEqual([])
    expect(node.agent.counts()).toEqual({ sessions: 0, dialogs: 0, requests: 0 })
    expect(node.transactions.open).toEqual({ client: 0, server: 0 })
  }
  // However a test ends, that is how it leaves its world.
  onTestFinished(({ task }) => (task.result?.state === 'fail' ? undefined : settled()))
  return {
    world,
    settled,
    controller,
    media,
    carrier,
    owners,
    publisher,
    published,
    challenged,
    outside,
    ended,
    phone,
    ...asking(controller, published),
    /** Device events since the last call, e.g. `Ringing 1002`, `Released 1002 Busy`. */
    events: reading(published),
    callBased: () => published.filter(isCallBased),
  }
}
export type Rig = Awaited<ReturnType<typeof rig>>

function publishing(runtime: Runtime, published: Event[], checker: Checker) {
  return {
    /** Publishing an event of this name is where a bug is. */
    sabotaged: undefined as string | undefined,
    publish(event: Event, answers?: Requester): void {
      if (event.name === this.sabotaged) throw new TypeError('a bug')
      validateEvent(event)
      published.push(event)
      checker.event(structuredClone(event))
      runtime.clock.turn(() => checker.turn())
      ;(answers as Asking | undefined)?.told.push(event.name.slice(5))
    },
  }
}

const counting = (ended: string[], unexpected: string[]): Metrics => ({
  ...noMetrics,
  counter: (name) => {
    const counted = name === 'calls_total' ? ended : unexpected
    return { of: (labels) => ({ inc: () => void counted.push(Object.values(labels).join(' ')) }), inc() {} }
  },
})

function directory({ media = 'direct', defaultDestination, earlyMedia = true }: Setting): Ports<Event>['directory'] {
  const services: Record<string, 'echo' | 'announcement' | 'music'> = {
    8900: 'echo',
    8901: 'announcement',
    8902: 'music',
  }
  const uriOf = (dn: string) => `sip:${dn}@ringmain`
  const destination = (number: string): Destination | undefined => {
    const service = services[number]
    if (service) return { kind: 'service', dn: number, service }
    if (/^10\d\d$/.test(number)) return { kind: 'dn', dn: number, uri: uriOf(number), media }
    if (/^80\d\d$/.test(number)) {
      return { kind: 'routing-point', dn: number, media, ...(defaultDestination && { defaultDestination }) }
    }
    if (!/^\+?\d{5,}$/.test(number)) return undefined
    return { kind: 'trunk', trunk: 'carrier', number, uri: `sip:${number}@${carrierHost}:${port}`, media }
  }
  const origin = (invite: Message): Origin | undefined => {
    const user = /sip:([^@>]+)@/.exec(invite.header('From') ?? '')?.[1] ?? ''
    if (/^10\d\d$/.test(user)) return { kind: 'dn', dn: user, media }
    return user.startsWith('+') ? { kind: 'trunk', trunk: 'carrier', number: user, media } : undefined
  }
  return {
    uriOf,
    destination,
    origin,
    dialled: (invite) => /^sip:([^@]*)@/.exec(invite.requestURI)?.[1] ?? '',
    isEmergency: (number) => number === '112',
    hasEarlyMedia: () => earlyMedia,
    outwards: (_trunk, invitation) => invitation,
  }
}

function asking(controller: SessionController<Request>, published: readonly Event[]) {
  const connID = (): string => {
    const event = published.findLast((one) => 'connID' in one)
    return event && 'connID' in event && event.connID ? event.connID : '0001000100000001'
  }
  let refID = 0
  return {
    connID,
    /** Asks about the last call. */
    ask(name: string, parts: object = {}): Asking {
      refID += 1
      const requester = new Asking()
      controller.request({ name, refID, connID: connID(), ...parts } as unknown as Request, requester)
      return requester
    },
  }
}

function reading(published: readonly Event[]) {
  let told = 0
  return (): string[] => {
    const news = published.slice(told).filter((event) => !isCallBased(event))
    told = published.length
    return news.map((event) => {
      const { thisDN, callState } = event as { thisDN?: string; callState?: string }
      return [event.name.slice(5), thisDN, callState].filter(Boolean).join(' ')
    })
  }
}

/** The ending that EventCallDeleted tells; the last device event tells the same, where a device was there to the end. */
export function endingOf({ published }: Pick<Rig, 'published'>): object | undefined {
  const deleted = published.findLast((event) => event.name === 'EventCallDeleted')
  const last = published.findLast((event) => !isCallBased(event))
  const ending = deleted && 'extensions' in deleted ? deleted.extensions?.Ending : undefined
  const left = last && 'callState' in last && last.callState === 'Transferred'
  if (last && 'extensions' in last && !left) expect(last.extensions?.Ending).toEqual(ending)
  return ending as object | undefined
}
