/** What a user agent says of itself in every message: Contact, Allow, Supported, Server (RFC 3261 §8.1.1.8, §8.2, §11.2). */
import type { Fields } from '../message/draft.ts'
import { fieldId } from '../message/field-names.ts'
import { bracketed } from '../message/headers/host.ts'
import { unsupportedTags } from '../message/headers/option-tags.ts'
import type { Message } from '../message/message.ts'
import type { Hop, SentBy, Transport } from '../transport/transport.ts'
import { bodyFault } from './message-body.ts'
import { askedTimer, isTooBrief, type SessionTimerPolicy } from './session-timer.ts'
import type { UserAgentOptions } from './user-agent.ts'

/** Methods that every user agent here understands. */
const ownMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'UPDATE', 'PRACK', 'REFER', 'NOTIFY']

/** Those whose requests and 2xx set the remote target, or make a dialog: they need a Contact (§8.1.1.8, §12.1). */
const withContact = new Set(['INVITE', 'UPDATE', 'REFER', 'SUBSCRIBE', 'NOTIFY'])

/** Methods of some RFC; any other is answered 501 (§21.5.2). */
const known = new Set([...ownMethods, 'REGISTER', 'SUBSCRIBE', 'PUBLISH', 'MESSAGE'])

/** Methods whose 2xx says what we understand (§11.2, §13.3.1.4, RFC 3311 §5.2). */
const saysAll = new Set(['INVITE', 'OPTIONS', 'UPDATE'])

const REQUIRE = fieldId('Require')

/** Requests whose body may be an offer. */
const withOffer = new Set(['INVITE', 'UPDATE', 'PRACK'])

type Fault = { readonly status: number; readonly fields?: Fields }

export class UserAgentFields {
  private readonly methods: ReadonlySet<string>
  private readonly supported: readonly string[]
  private readonly allow: readonly [string, string]
  private readonly request: Fields
  private readonly invite: Fields
  /** Of the INVITE that begins a session, with our offer; and what it asks for of a session timer. */
  private readonly first: Fields
  private readonly timer: Fields
  /** Without an offer: a reliable response would carry theirs, and wait for an answer in its PRACK (RFC 3262 §5). */
  private readonly late: Fields
  private readonly sessionTimer: SessionTimerPolicy | undefined
  private readonly response: Fields
  /** Of a 2xx to INVITE or OPTIONS. */
  private readonly capable: Fields
  private readonly beforeContact: string
  private readonly contactHost: string | undefined
  private readonly transport: Pick<Transport, 'sentBy'>
  /** The text of our Contact, for each of the transport's addresses. */
  private readonly contacts = new WeakMap<SentBy, string>()

  constructor(options: UserAgentOptions, transport: Pick<Transport, 'sentBy'>) {
    const methods = [...ownMethods, ...(options.methods ?? [])]
    this.methods = new Set(methods)
    this.sessionTimer = options.sessionTimer
    const late = [...(options.supported ?? []), ...(options.sessionTimer === undefined ? [] : ['timer'])]
    const tags = ['100rel', ...late]
    this.supported = tags.map((tag) => tag.toLowerCase())
    this.allow = ['Allow', methods.join(', ')]
    const supported: Fields = [['Supported', tags.join(', ')]]
    const supportedLate: Fields = late.length === 0 ? [] : [['Supported', late.join(', ')]]
    this.request = [['User-Agent', options.product]]
    this.invite = [this.allow, ...supported, ...this.request]
    this.late = [this.allow, ...supportedLate, ...this.request]
    this.timer = options.sessionTimer === undefined ? [] : askedTimer(options.sessionTimer)
    this.first = [...this.timer, ...this.invite]
    this.response = [['Server', options.product]]
    this.capable = [this.allow, ...supported, ...this.response]
    this.beforeContact = options.contactUser === undefined ? '<sip:' : `<sip:${options.contactUser}@`
    this.contactHost = options.contactHost
    this.transport = transport
  }

  /** The Contact for a message of `method` to `hop`; undefined where none belongs. */
  contact(method: string, hop: Hop): string | undefined {
    return withContact.has(method) ? this.contactAt(hop) : undefined
  }

  contactAt(hop: Hop): string {
    if (this.contactHost !== undefined) return `${this.beforeContact}${this.contactHost}>`
    const sentBy = this.transport.sentBy(hop)
    let contact = this.contacts.get(sentBy)
    if (contact === undefined) {
      contact = `${this.beforeContact}${addressOf(sentBy)}>`
      this.contacts.set(sentBy, contact)
    }
    return contact
  }

  /** Those of the INVITE that begins a session; `timer` instead of what we ask for at first (RFC 4028 §7.3). */
  ofInvitation(fields: Fields | undefined, timer: Fields | undefined, offered: boolean): Fields {
    const usual = timer === undefined && offered
    const own = usual ? this.first : [...(timer ?? this.timer), ...(offered ? this.invite : this.late)]
    return fields === undefined ? own : [...fields, ...own]
  }

  /** §13.2.1: an INVITE says what else its sender understands; so does an UPDATE (RFC 3311 §5.1). */
  ofRequest(method: string, fields: Fields | undefined): Fields {
    const own = method === 'INVITE' || method === 'UPDATE' ? this.invite : this.request
    return fields === undefined ? own : [...fields, ...own]
  }

  /** §13.3.1.4, §11.2: so does a 2xx to INVITE and OPTIONS; §8.2.1: a 405 names the methods. */
  ofResponse(method: string, status: number, fields?: Fields): Fields {
    let own = this.response
    if (status >= 200 && status < 300 && saysAll.has(method)) own = this.capable
    else if (status === 405) own = [this.allow, ...own]
    return fields === undefined ? own : [...fields, ...own]
  }

  /** What keeps a request from being understood: §8.2.1 method, §8.2.2.1 scheme, §8.2.2.3 extensions. */
  faultOf(request: Message): Fault | undefined {
    const { method } = request
    if (!this.methods.has(method)) return { status: known.has(method) ? 405 : 501 }
    if (!hasScheme(request.requestURI)) return { status: 416 }
    return this.extensionFault(request) ?? this.timerFault(request) ?? this.bodyFaultOf(request)
  }

  private extensionFault(request: Message): Fault | undefined {
    if (!request.has(REQUIRE)) return undefined
    const unsupported = unsupportedTags(request, 'Require', this.supported)
    return unsupported.length === 0 ? undefined : { status: 420, fields: [['Unsupported', unsupported.join(', ')]] }
  }

  /** RFC 5621 §8.2. */
  private bodyFaultOf(request: Message): Fault | undefined {
    if (!withOffer.has(request.method)) return undefined
    const status = bodyFault(request)
    if (status === undefined) return undefined
    return status === 415 ? { status, fields: [['Accept', 'application/sdp, multipart/mixed']] } : { status }
  }

  /** RFC 4028 §9. */
  private timerFault(request: Message): Fault | undefined {
    const { sessionTimer } = this
    if (sessionTimer === undefined || (request.method !== 'INVITE' && request.method !== 'UPDATE')) return undefined
    if (!isTooBrief(request, sessionTimer)) return undefined
    return { status: 422, fields: [['Min-SE', String(sessionTimer.least)]] }
  }
}

/** Host and port; the transport is named where it is not UDP (§19.1.1). */
function addressOf({ protocol, host, port }: SentBy): string {
  const parameter = protocol === 'UDP' ? '' : `;transport=${protocol.toLowerCase()}`
  return `${bracketed(host)}${port === 0 ? '' : `:${port}`}${parameter}`
}

const hasScheme = (uri: string): boolean => /^(sips?|tel):/i.test(uri)
