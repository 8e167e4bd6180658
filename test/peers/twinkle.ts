/** Twinkle 1.10 as a phone with two lines: headless, mute and deaf, told what to do by typing, as its user does. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from './process.ts'

export type TwinkleOptions = {
  readonly user: string
  readonly password: string
  /** `127.0.0.1:5060`: requests go there. */
  readonly proxy: string
  readonly sipPort: number
  /** The first of its RTP ports. */
  readonly rtpPort: number
}

const device = 'alsa:null'

function writeConfig(folder: string, { user, password, proxy, sipPort, rtpPort }: TwinkleOptions): void {
  const system = {
    ...{ dev_ringtone: device, dev_speaker: device, dev_mic: device, validate_audio_dev: 'no' },
    ...{ sip_port: sipPort, rtp_port: rtpPort, start_user_profile: user },
  }
  const profile = {
    ...{ user_name: user, user_domain: 'ringmain', auth_name: user, auth_pass: password },
    ...{ registrar: proxy, outbound_proxy: proxy, all_requests_to_proxy: 'yes', sip_transport: 'udp' },
    ...{ register_at_startup: 'yes', registration_time: 20, codecs: 'g711u', dtmf_transport: 'rfc2833' },
  }
  const lines = (settings: object) =>
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
  mkdirSync(join(folder, '.twinkle'))
  writeFileSync(join(folder, '.twinkle/twinkle.sys'), lines(system))
  writeFileSync(join(folder, `.twinkle/${user}.cfg`), lines(profile))
}

export class Twinkle {
  private readonly folder: { path: string; remove(): void }
  private readonly process: PeerProcess

  private constructor(options: TwinkleOptions) {
    this.folder = temporaryFolder(`twinkle-${options.user}`)
    writeConfig(this.folder.path, options)
    const env = { ...process.env, HOME: this.folder.path }
    this.process = new PeerProcess('twinkle-console', [], { env, stdin: 'pipe' })
  }

  /** Resolves when it is registered. */
  static async start(options: TwinkleOptions): Promise<Twinkle> {
    const phone = new Twinkle(options)
    try {
      await phone.process.printed(/registration succeeded/)
      return phone
    } catch (error) {
      await phone.stop()
      throw error
    }
  }

  /** Types a command, e.g. `transfer -c sip:1002@ringmain`; resolves when it has printed what is awaited of it. */
  async do(command: string, outcome: RegExp): Promise<void> {
    const printed = this.next(outcome)
    this.process.child.stdin?.write(`${command}\n`)
    await printed
  }

  /** Resolves when what it prints from now on matches. */
  async next(pattern: RegExp): Promise<void> {
    await this.process.printed(pattern, 15_000, this.process.output.length)
  }

  async stop(): Promise<void> {
    await this.process.stop()
    this.folder.remove()
  }
}
