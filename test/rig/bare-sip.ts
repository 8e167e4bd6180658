/** SIP by hand: requests written character by character, right or wrong, and what comes back for them. */
import { createSocket, type Socket } from 'node:dgram'
import { connect } from 'node:net'

export type Written = {
  method: string
  uri?: string
  from?: string
  to?: string
  /** Between CSeq and Content-Length, each with its CRLF. */
  fields?: string
  via?: string
  callID?: string
  cSeq?: number
  body?: string
}

/** Messages to one server over UDP from one port; answers are told apart by their Call-ID. */
export class BareSip {
  private readonly socket: Socket
  private readonly server: { host: string; port: number }
  private readonly heard: string[] = []
  private readonly waiting = new Set<() => void>()
  private count = 0

  private constructor(socket: Socket, server: string) {
    this.socket = socket
    const [host = '', port] = server.split(':')
    this.server = { host, port: Number(port) }
    socket.on('message', (bytes) => {
      this.heard.push(bytes.toString('latin1'))
      for (const check of this.waiting) check()
    })
  }

  static async open(server: string): Promise<BareSip> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return new BareSip(socket, server)
  }

  /** A request that is right but for what is given. */
  write({ method, uri = 'sip:8900@ringmain', body = '', ...rest }: Written): string {
    this.count += 1
    const { port } = this.socket.address()
    const {
      from = '<sip:+442079460555@carrier.example>;tag=bare',
      to = `<${uri}>`,
      fields = '',
      via = `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKbare${this.count};rport`,
      callID = `bare${this.count}@127.0.0.1`,
      cSeq = 1,
    } = rest
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: ${via}`,
      'Max-Forwards: 70',
      `From: ${from}`,
      `To: ${to}`,
      `Call-ID: ${callID}`,
      `CSeq: ${cSeq} ${method}`,
      `Contact: <sip:bare@127.0.0.1:${port}>`,
      `${fields}Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n')
  }

  send(message: string | Buffer): void {
    const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
    this.socket.send(bytes, this.server.port, this.server.host)
  }

  /** The final response to what was sent; `status` is its first line without the version. */
  async ask(request: Written | string): Promise<{ status: string; text: string }> {
    const message = typeof request === 'string' ? request : this.write(request)
    const key = keyOf(message)
    this.send(message)
    const text = await new Promise<string>((resolve, reject) => {
      const check = () => {
        const found = this.heard.find((answer) => keyOf(answer) === key && !/^SIP\/2.0 1/.test(answer))
        if (found === undefined) return
        clearTimeout(timer)
        this.waiting.delete(check)
        resolve(found)
      }
      const timer = setTimeout(() => {
        this.waiting.delete(check)
        reject(new Error(`no answer to ${message.slice(0, 200)}`))
      }, 5_000)
      this.waiting.add(check)
      check()
    })
    return { status: text.slice('SIP/2.0 '.length, text.indexOf('\r\n')), text }
  }

  close(): void {
    this.socket.close()
  }
}

const keyOf = (message: string): string =>
  `${/^Call-ID: *(.*?)\r$/im.exec(message)?.[1]} ${/^CSeq: *(.*?)\r$/im.exec(message)?.[1]}`

/** What a server says to these bytes on a TCP connection of their own until it closes it. */
export function overTcp(server: string, bytes: string): Promise<string> {
  const [host = '', port] = server.split(':')
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(port), host, () => socket.write(bytes))
    socket.on('data', (data) => {
      heard += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
}
