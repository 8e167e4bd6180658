/** baresip 1.0 as a phone or caller: headless, sends one tone, keeps what it hears, controlled over ctrl_tcp. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import { PeerProcess, temporaryFolder } from './process.ts'
import { readSamples, writeTone } from './wav.ts'

export type BaresipEvent = {
  type: string
  class?: string
  param?: string
  peeruri?: string
  direction?: string
  id?: string
}

export type BaresipOptions = {
  user: string
  password?: string
  domain?: string
  /** Its address, IPv6 without brackets; 127.0.0.1 unless given. */
  host?: string
  /** UDP and TCP port it listens on; it takes the next one too, for TLS. */
  sipPort: number
  controlPort: number
  /** `sip:127.0.0.1:5060`: requests go there. */
  outbound: string
  /** Seconds; without it the phone does not register. */
  register?: number
  answer?: 'auto' | 'manual'
  transport?: 'udp' | 'tcp' | 'tls'
  /** PEM file: the certificates it believes. */
  authorities?: string
  /** PEM file: its own certificate and its key. */
  certificate?: string
  /** Hz it sends. */
  tone: number
  codec?: 'PCMU' | 'PCMA'
  /** `srtp-mand`: it speaks SRTP alone, with keys in the description (SDES). */
  encryption?: 'srtp-mand'
  /** It subscribes to the messages that wait for it, and tells of each NOTIFY by `MWI_NOTIFY`. */
  messages?: boolean
  rtpPorts: readonly [number, number]
}

const modulePath = ['/usr/lib/baresip/modules', '/usr/lib/x86_64-linux-gnu/baresip/modules'].find((path) =>
  existsSync(path),
)

function writeConfig(folder: string, o: BaresipOptions): void {
  const [first, last] = o.rtpPorts
  const { host = '127.0.0.1' } = o
  writeFileSync(
    join(folder, 'config'),
    [
      `sip_listen ${bracketed(host)}:${o.sipPort}`,
      `net_interface ${host}`,
      `module_path ${modulePath}`,
      'module g711.so',
      'module aufile.so',
      'module aubridge.so',
      'module sndfile.so',
      'module ctrl_tcp.so',
      'module srtp.so',
      'module_app account.so',
      'module_app menu.so',
      ...(o.messages ? ['module_app mwi.so'] : []),
      `ctrl_tcp_listen 127.0.0.1:${o.controlPort}`,
      `audio_source aufile,${join(folder, 'tone.wav')}`,
      `audio_player aubridge,${o.user}`,
      `audio_alert aubridge,${o.user}-alert`,
      'ausrc_srate 8000',
      'auplay_srate 8000',
      'ausrc_channels 1',
      'auplay_channels 1',
      `rtp_ports ${first}-${last}`,
      `snd_path ${join(folder, 'heard')}`,
      'call_max_calls 4',
      ...(o.certificate === undefined ? [] : [`sip_certificate ${o.certificate}`]),
      ...(o.authorities === undefined ? [] : [`sip_cafile ${o.authorities}`]),
      '',
    ].join('\n'),
  )
  const { transport = 'udp' } = o
  const outbound = `outbound="${o.outbound}${transport === 'udp' ? '' : `;transport=${transport}`}"`
  const parameters = [
    o.password ? `auth_pass=${o.password}` : '',
    outbound,
    `answermode=${o.answer ?? 'manual'}`,
    `regint=${o.register ?? 0}`,
    `audio_codecs=${o.codec ?? 'PCMU'}/8000/1`,
    o.encryption ? `mediaenc=${o.encryption}` : '',
  ].filter((parameter) => parameter !== '')
  writeFileSync(join(folder, 'accounts'), `<sip:${o.user}@${o.domain ?? 'ringmain'}>;${parameters.join(';')}\n`)
  writeFileSync(join(folder, 'contacts'), '')
}

export class Baresip {
  readonly options: BaresipOptions
  readonly events: BaresipEvent[] = []
  private readonly folder: { path: string; remove(): void }
  private readonly process: PeerProcess
  private control: Socket | undefined
  private readonly waiting = new Set<() => void>()

  private constructor(options: BaresipOptions) {
    this.options = options
    this.folder = temporaryFolder(`baresip-${options.user}`)
    mkdirSync(join(this.folder.path, 'heard'))
    writeTone(join(this.folder.path, 'tone.wav'), options.tone, 120)
    writeConfig(this.folder.path, options)
    this.process = new PeerProcess('baresip', [options.host?.includes(':') ? '-6' : '-4', '-f', this.folder.path])
  }

  /** Resolves when it is up; with `register`, when it is registered. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const phone = new Baresip(options)
    try {
      await phone.process.printed(/baresip is ready/)
      await phone.openControl()
      if (options.register) await phone.registered()
      return phone
    } catch (error) {
      await phone.stop()
      throw error
    }
  }

  private async openControl(): Promise<void> {
    const socket = connect(this.options.controlPort, '127.0.0.1')
    this.control = socket
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      rest = this.take(Buffer.concat([rest, chunk]))
    })
    socket.on('error', () => socket.destroy())
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  }

  /** Netstrings: `<length>:<json>,`. */
  private take(bytes: Buffer): Buffer {
    let at = 0
    for (;;) {
      const colon = bytes.indexOf(':', at)
      if (colon < 0) return bytes.subarray(at)
      const length = Number(bytes.toString('latin1', at, colon))
      const end = colon + 1 + length
      if (bytes.length < end + 1) return bytes.subarray(at)
      const message = JSON.parse(bytes.toString('utf8', colon + 1, end)) as BaresipEvent & { event?: boolean }
      if (message.event) this.events.push(message)
      for (const check of this.waiting) check()
      at = end + 1
    }
  }

  command(command: string, params?: string): void {
    const text = JSON.stringify({ command, ...(params === undefined ? {} : { params }) })
    this.control?.write(`${Buffer.byteLength(text)}:${text},`)
  }
  dial(target: string): void {
    this.command('dial', target)
  }
  answer(): void {
    this.command('accept')
  }
  hangup(): void {
    this.command('hangup')
  }
  hold(): void {
    this.command('hold')
  }
  /** Takes back the call that it holds. */
  retrieve(): void {
    this.command('resume')
  }
  /** Sends a digit of a keypad in its RTP (RFC 4733). */
  digit(digit: string): void {
    this.command('sndcode', digit)
  }
  /** Blind transfer of the current call (REFER). */
  transfer(target: string): void {
    this.command('transfer', target)
  }

  /** Resolves with the n-th event of a type, e.g. CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, REGISTER_OK. */
  event(type: string, n = 1, ms = 15_000): Promise<BaresipEvent> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.events.filter((event) => event.type === type)[n - 1]
        if (found) finish(() => resolve(found))
      }
      const finish = (run: () => void) => {
        clearTimeout(timer)
        this.waiting.delete(check)
        run()
      }
      const timer = setTimeout(
        () =>
          finish(() =>
            reject(new Error(`${this.options.user}: no ${type} in ${ms} ms; it printed:\n${this.process.tail()}`)),
          ),
        ms,
      )
      this.waiting.add(check)
      check()
    })
  }

  /** Resolves with the next event of a type. */
  next(type: string): Promise<BaresipEvent> {
    return this.event(type, this.events.filter((event) => event.type === type).length + 1)
  }

  /** Resolves when it is registered; rejects when it is refused. */
  private async registered(): Promise<void> {
    const [answer, refusal] = await this.process.printed(/200 OK|registered successfully|([4-6]\d\d [A-Z].*)/)
    if (refusal !== undefined) throw new Error(`${this.options.user} is not registered: ${answer}`)
  }

  /** What the n-th call of this phone heard; it keeps nothing more of a call that it has held. */
  heard(n = 1): Int16Array {
    return this.recording((files) => files[n - 1])
  }

  /** What its last call heard. */
  heardLast(): Int16Array {
    return this.recording((files) => files.at(-1))
  }

  private recording(choose: (files: readonly string[]) => string | undefined): Int16Array {
    const folder = join(this.folder.path, 'heard')
    const file = choose(
      readdirSync(folder)
        .filter((name) => name.endsWith('-dec.wav'))
        .sort(),
    )
    if (file === undefined) throw new Error(`${this.options.user} has not heard that call`)
    return readSamples(join(folder, file))
  }

  /** Bits a second of audio that it sends and receives, as it last said: it looks every three seconds. */
  get rates(): readonly number[] {
    const [, sent, received] = [...this.process.output.matchAll(/audio=(\d+)\/(\d+) /g)].at(-1) ?? []
    return [Number(sent ?? 0), Number(received ?? 0)]
  }

  /** SIGKILL: the phone vanishes without a word. */
  async vanish(): Promise<void> {
    this.control?.destroy()
    await this.process.stop('SIGKILL')
  }

  /** SIGTERM: hangs up and unregisters, then goes. */
  async quit(): Promise<void> {
    this.control?.destroy()
    await this.process.stop('SIGTERM')
  }

  async stop(): Promise<void> {
    await this.vanish()
    this.folder.remove()
  }

  printed(pattern: RegExp, ms?: number): Promise<RegExpExecArray> {
    return this.process.printed(pattern, ms)
  }
}
