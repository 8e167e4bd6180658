/** dnsmasq as the name server of some domains: it knows what it is told, and nothing else. */
import { PeerProcess } from './process.ts'

export type ZoneOptions = {
  readonly port: number
  /** `a.example=127.0.0.1`. */
  readonly hosts?: readonly (readonly [string, string])[]
  /** Name, target, port, priority, weight. */
  readonly services?: readonly (readonly [string, string, number, number, number])[]
  /** Name, order, preference, flags, service, replacement. */
  readonly pointers?: readonly (readonly [string, number, number, string, string, string])[]
  /** Seconds that its addresses are good for. */
  readonly ttl?: number
}

export class Dnsmasq {
  private readonly process: PeerProcess

  private constructor({ port, hosts = [], services = [], pointers = [], ttl = 60 }: ZoneOptions) {
    const args = ['--keep-in-foreground', '--no-resolv', '--no-hosts', '--no-daemon', '--conf-file=/dev/null']
    args.push('--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`, '--log-queries', '--log-facility=-')
    args.push(`--local-ttl=${ttl}`, '--local=/example/')
    for (const [name, address] of hosts) args.push(`--host-record=${name},${address}`)
    for (const record of services) args.push(`--srv-host=${record.join(',')}`)
    for (const [name, order, preference, flags, service, replacement] of pointers)
      args.push(`--naptr-record=${[name, order, preference, flags, service, '', replacement].join(',')}`)
    this.process = new PeerProcess('dnsmasq', args)
  }

  static async start(options: ZoneOptions): Promise<Dnsmasq> {
    const dnsmasq = new Dnsmasq(options)
    try {
      await dnsmasq.process.printed(/started, version/)
      return dnsmasq
    } catch (error) {
      await dnsmasq.stop()
      throw error
    }
  }

  /** What it was asked, as `TYPE name`. */
  get asked(): string[] {
    return [...this.process.output.matchAll(/query\[(\w+)\] (\S+)/g)].map(([, type, name]) => `${type} ${name}`)
  }

  stop(): Promise<void> {
    return this.process.stop('SIGTERM')
  }
}
