/** A phone over WebSocket (RFC 7118), written by hand on the WebSocket of `ws`: registers with digest, calls and answers. */
import { createHash, randomBytes } from 'node:crypto'
import WebSocket from 'ws'

export type WebPhoneOptions = {
  readonly url: string
  readonly user: string
  readonly password?: string
  /** PEM: what it believes, over wss. */
  readonly authorities?: string
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')
const field = (message: string, name: string) => new RegExp(`^${name}: *(.*?)\r$`, 'im').exec(message)?.[1] ?? ''
const all = (message: string, name: string) =>
  [...message.matchAll(new RegExp(`^${name}: *(.*?)\r$`, 'gim'))].map(([, value]) => value ?? '')

export class WebPhone {
  readonly heard: string[] = []
  private readonly socket: WebSocket
  private readonly options: WebPhoneOptions
  /** RFC 7118 §5: nobody can look it up. */
  private readonly host = `${randomBytes(6).toString('hex')}.invalid`
  private readonly waiting = new Set<() => void>()
  private count = 0

  private constructor(options: WebPhoneOptions) {
    this.options = options
    this.socket = new WebSocket(options.url, 'sip', { ca: options.authorities })
    this.socket.on('message', (data: Buffer) => {
      this.heard.push(data.toString())
      for (const check of this.waiting) check()
    })
  }

  static async open(options: WebPhoneOptions): Promise<WebPhone> {
    const phone = new WebPhone(options)
    await new Promise((resolve, reject) => phone.socket.once('open', resolve).once('error', reject))
    return phone
  }

  close(): void {
    this.socket.terminate()
  }

  get contact(): string {
    return `<sip:${this.options.user}@${this.host};transport=ws>`
  }

  /** A request and its final response; a challenge is answered. */
  async ask(method: string, uri: string, more: { to?: string; body?: string; fields?: readonly string[] } = {}) {
    const callID = randomBytes(8).toString('hex')
    const first = await this.exchange(method, uri, callID, 1, more)
    const challenge = field(first, '(?:WWW|Proxy)-Authenticate')
    if (challenge === '') return first
    const credentials = this.credentials(method, uri, challenge)
    const name = first.startsWith('SIP/2.0 401') ? 'Authorization' : 'Proxy-Authorization'
    const fields = [...(more.fields ?? []), `${name}: ${credentials}`]
    return this.exchange(method, uri, callID, 2, { ...more, fields })
  }

  /** In the dialog of an answered call. */
  inDialog(method: string, answer: string, cseq: number): void {
    const uri = /<([^>]+)>/.exec(field(answer, 'Contact'))?.[1] ?? ''
    const routes = all(answer, 'Record-Route').reverse()
    this.send([
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/WSS ${this.host};branch=z9hG4bK${randomBytes(6).toString('hex')}`,
      'Max-Forwards: 70',
      ...routes.map((route) => `Route: ${route}`),
      ...['From', 'To', 'Call-ID'].map((name) => `${name}: ${field(answer, name)}`),
      `CSeq: ${cseq} ${method}`,
      'Content-Length: 0',
    ])
  }

  /** Answers a request that came. */
  answer(request: string, status: string, body = ''): void {
    const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
      all(request, name).map((value) => `${name}: ${value}`),
    )
    const tag = /;tag=/.test(field(request, 'To')) ? '' : `;tag=${this.host.slice(0, 8)}`
    const described = body === '' ? [] : ['Content-Type: application/sdp']
    const own = [`To: ${field(request, 'To')}${tag}`, `Contact: ${this.contact}`, ...described]
    this.send([`SIP/2.0 ${status}`, ...copied, ...own, `Content-Length: ${body.length}`], body)
  }

  /** The first message heard that is so. */
  message(pattern: RegExp, ms = 10_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.heard.find((message) => pattern.test(message))
        if (found === undefined) return
        clearTimeout(timer)
        this.waiting.delete(check)
        resolve(found)
      }
      const timer = setTimeout(() => {
        this.waiting.delete(check)
        reject(new Error(`${this.options.user} heard no ${pattern} but\n${this.heard.join('\n')}`))
      }, ms)
      this.waiting.add(check)
      check()
    })
  }

  private exchange(
    method: string,
    uri: string,
    callID: string,
    cseq: number,
    { to = uri, body = '', fields = [] }: { to?: string; body?: string; fields?: readonly string[] },
  ): Promise<string> {
    this.count++
    const described = body === '' ? [] : ['Content-Type: application/sdp']
    this.send(
      [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/WSS ${this.host};branch=z9hG4bK${callID}${this.count}`,
        'Max-Forwards: 70',
        `From: <sip:${this.options.user}@ringmain>;tag=${callID}`,
        `To: <${to}>`,
        `Call-ID: ${callID}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: ${this.contact}`,
        ...fields,
        ...described,
        `Content-Length: ${body.length}`,
      ],
      body,
    )
    return this.message(new RegExp(`^SIP/2.0 [2-6][\\s\\S]*Call-ID: ${callID}\r[\\s\\S]*CSeq: ${cseq} `))
  }

  private credentials(method: string, uri: string, challenge: string): string {
    const { user, password = '' } = this.options
    const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? ''
    const [realm, nonce, cnonce] = [part('realm'), part('nonce'), randomBytes(6).toString('hex')]
    const secret = md5(`${user}:${realm}:${password}`)
    const response = md5(`${secret}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`)
    const named = `username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`
    return `Digest ${named}, algorithm=MD5, qop=auth, nc=00000001, cnonce="${cnonce}"`
  }

  private send(lines: readonly string[], body = '') {
    this.socket.send(`${lines.join('\r\n')}\r\n\r\n${body}`)
  }
}
