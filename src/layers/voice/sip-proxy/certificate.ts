/**
 * The certificate that a proxy shows over TLS. Its files are looked at again and again, so that a new one counts without
 * a restart: for the connections that come then, those that are open stay.
 */
import { ClusterError } from '#platform/errors.ts'
import type { Log } from '#platform/log/log.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import type { Runtime, Timer, TlsCredentials, TlsPem } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { Config } from './config.ts'
import { CertificateUnusable } from './errors.ts'

export type CertificateOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly metrics: Metrics
  readonly files: NonNullable<Config['tls']>
  /** What to show from now on. */
  show(credentials: TlsCredentials): void
}

const lookAgainMs = 30_000
const day = 86_400_000
/** Time enough for people to see to it. */
const soon = 14 * day

export class Certificate {
  private readonly options: CertificateOptions
  private pem: TlsPem | undefined
  private shown: TlsCredentials | undefined
  private timer: Timer | undefined
  private fault: string | undefined

  constructor(options: CertificateOptions) {
    this.options = options
    options.metrics.gauge('sip_certificate_expires_seconds', 'Seconds until the certificate of TLS expires', () =>
      Math.round(((this.shown?.validTo ?? 0) - options.runtime.clock.wall()) / 1000),
    )
  }

  /** Throws `CertificateUnusable`; afterwards the files are watched. */
  async open(): Promise<void> {
    await this.read()
    this.watch()
  }

  stop(): void {
    this.timer?.cancel()
  }

  /** What keeps others from trusting us, and what helps. */
  get faults(): string[] {
    const { shown, fault } = this
    const { certificate } = this.options.files
    const now = this.options.runtime.clock.wall()
    const remedy = `put a new one there, it is read within ${lookAgainMs / 1000} s`
    const dates =
      shown === undefined || (shown.validFrom <= now && now < shown.validTo)
        ? []
        : now < shown.validFrom
          ? [`the certificate ${certificate} is not valid before ${timestamp(shown.validFrom)}: ${remedy}`]
          : [`the certificate ${certificate} expired on ${timestamp(shown.validTo)}: ${remedy}`]
    return fault === undefined ? dates : [...dates, `${fault}; the one before is shown`]
  }

  private watch() {
    this.timer = this.options.runtime.clock.after(lookAgainMs, () => {
      this.read().then(
        () => this.failed(undefined),
        (error: unknown) => {
          // An operator may be in the middle of it: what we have goes on.
          if (!(error instanceof CertificateUnusable)) throw error
          this.failed(error.message)
        },
      )
      this.watch()
    })
  }

  private failed(fault: string | undefined) {
    if (fault !== undefined && fault !== this.fault) this.options.log.error({ fault }, 'kept the certificate as it was')
    this.fault = fault
  }

  private async read(): Promise<void> {
    const { files } = this.options
    const pem = {
      certificate: await this.text(files.certificate),
      key: await this.text(files.key),
      authorities: files.authorities === undefined ? undefined : await this.text(files.authorities),
    }
    const { certificate, key, authorities } = this.pem ?? {}
    if (pem.certificate === certificate && pem.key === key && pem.authorities === authorities) return
    this.take(pem)
  }

  private take(pem: TlsPem) {
    const { runtime, log, files, show } = this.options
    const shown = this.checked(pem)
    this.pem = pem
    this.shown = shown
    show(shown)
    const told = { certificate: files.certificate, names: shown.subjectAltName, validTo: timestamp(shown.validTo) }
    if (shown.validTo - runtime.clock.wall() < soon) log.warn(told, 'the certificate expires soon, or has')
    else if (shown.selfSigned) log.info(told, 'a self-signed certificate: who connects has to be told to believe it')
    else log.info(told, 'certificate')
  }

  private checked(pem: TlsPem): TlsCredentials {
    try {
      return this.options.runtime.net.credentials(pem)
    } catch (error) {
      throw this.unusable(this.options.files.certificate, error)
    }
  }

  private async text(path: string): Promise<string> {
    try {
      return (await this.options.runtime.disk.read(path)).toString('utf8')
    } catch (error) {
      throw this.unusable(path, error)
    }
  }

  private unusable(path: string, error: unknown): CertificateUnusable {
    if (!(error instanceof ClusterError)) throw error
    return new CertificateUnusable(path, error.message, { cause: error })
  }
}
