/** What a user agent says of itself in every message: Contact, Allow, Supported, Server (RFC 3261 §8.1.1.8, §8.2, §11.2). */
import type { Fields } from '../message/draft.ts'
import { bracketed } from '../message/headers/host.ts'
import { unsupportedTags } from '../message/headers/option-tags.ts'
import type { Message } from '../message/message.ts'
import type { Hop, SentBy, Transport } from '../transport/transport.ts'
import type { UserAgentOptions } from './user-agent.ts'

/** Methods that every user agent here understands. */
const ownMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'UPDATE', 'REFER', 'NOTIFY']

/** Those whose requests and 2xx set the remote target, or make a dialog: they need a Contact (§8.1.1.8, §12.1). */
const withContact = new Set(['INVITE', 'UPDATE', 'REFER', 'SUBSCRIBE', 'NOTIFY'])

/** Methods of some RFC; any other is answered 501 (§21.5.2). */
const known = new Set([...ownMethods, 'REGISTER', 'PRACK', 'SUBSCRIBE', 'PUBLISH', 'MESSAGE'])

export class UserAgentFields {
  private readonly methods: ReadonlySet<string>
  private readonly supported: readonly string[]
  private readonly allow: readonly [string, string]
  private readonly request: Fields
  private readonly invite: Fields
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
    this.supported = (options.supported ?? []).map((tag) => tag.toLowerCase())
    this.allow = ['Allow', methods.join(', ')]
    const supported: Fields = this.supported.length === 0 ? [] : [['Supported', supportedOf(options)]]
    this.request = [['User-Agent', options.product]]
    this.invite = [this.allow, ...supported, ...this.request]
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

  /** §13.2.1: an INVITE says what else its sender understands. */
  ofRequest(method: string, fields: Fields | undefined): Fields {
    const own = method === 'INVITE' ? this.invite : this.request
    return fields === undefined ? own : [...fields, ...own]
  }

  /** §13.3.1.4, §11.2: so does a 2xx to INVITE and OPTIONS; §8.2.1: a 405 names the methods. */
  ofResponse(method: string, status: number, fields?: Fields): Fields {
    let own = this.response
    if (status >= 200 && status < 300 && (method === 'INVITE' || method === 'OPTIONS')) own = this.capable
    else if (status === 405) own = [this.allow, ...own]
    return fields === undefined ? own : [...fields, ...own]
  }

  /** What keeps a request from being understood: §8.2.1 method, §8.2.2.1 scheme, §8.2.2.3 extensions. */
  faultOf(request: Message): { readonly status: number; readonly fields?: Fields } | undefined {
    const { method } = request
    if (!this.methods.has(method)) return { status: known.has(method) ? 405 : 501 }
    if (!hasScheme(request.requestURI)) return { status: 416 }
    if (request.cellOf('Require', 0) < 0) return undefined
    const unsupported = unsupportedTags(request, 'Require', this.supported)
    return unsupported.length === 0 ? undefined : { status: 420, fields: [['Unsupported', unsupported.join(', ')]] }
  }
}

const supportedOf = (options: UserAgentOptions): string => (options.supported ?? []).join(', ')

/** Host and port; the transport is named where it is not UDP (§19.1.1). */
function addressOf({ protocol, host, port }: SentBy): string {
  const parameter = protocol === 'UDP' ? '' : `;transport=${protocol.toLowerCase()}`
  return `${bracketed(host)}${port === 0 ? '' : `:${port}`}${parameter}`
}

const hasScheme = (uri: string): boolean => /^(sips?|tel):/i.test(uri)
