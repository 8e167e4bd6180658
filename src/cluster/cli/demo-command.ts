/** The options of `ringmain demo`; what it does is in `demo/`, which loads the whole cluster only when it is asked for. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type LogLevel, logLevels } from '#platform/log/pino.ts'
import { type DemoPorts, defaultPorts } from '../demo/addresses.ts'

type Options = DemoPorts & {
  readonly data: string
  readonly traffic: boolean
  readonly ipv6?: boolean
  readonly logLevel: LogLevel
  readonly nameServers: readonly string[]
}

const purposes: Record<keyof DemoPorts, string> = {
  http: 'first port of pages and HTTP API, one for each data centre',
  sip: 'first port of the SIP Proxies; those of the others follow',
  tlib: 'first port of T-Library',
  rtp: 'first of 10000 ports for media',
  carrier: 'where calls to numbers outside go',
}

/** `ended` is told the exit code. */
export function demoCommand(program: Command, ended: (code: number) => void): void {
  const demo = program
    .command('demo')
    .description('starts the demo: two data centres in this process, on loopback only')
    .option('--no-traffic', 'without SIMULATED callers and robot agents')
    .option('--ipv6', 'phones and trunks reach it at ::1, too')
    .option('--data <directory>', 'data directory', './data')
    .addOption(
      new Option('--name-servers <addresses>', 'asked for hosts of trunks: address or address:port, …')
        .argParser(addresses)
        .default([], 'the host’s'),
    )
    .addOption(new Option('--log-level <level>', 'what the log tells').choices([...logLevels]).default('warn'))
  for (const [name, purpose] of Object.entries(purposes))
    demo.option(`--${name} <port>`, purpose, port, defaultPorts[name as keyof DemoPorts])
  demo.action(async ({ data, traffic, ipv6 = false, logLevel, nameServers, ...ports }: Options) => {
    const { demoCommand } = await import('../demo/command.ts')
    ended(await demoCommand({ ports, data, traffic, ipv6, logLevel, nameServers }))
  })
}

function addresses(text: string): readonly string[] {
  const all = text.split(',')
  if (all.every((one) => /^([\d.]+|\[[\da-f:]+\])(:\d{1,5})?$/i.test(one))) return all
  throw new InvalidArgumentError('It must be numeric addresses, such as 192.0.2.53 or [2001:db8::53]:5353.')
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > 65_535) throw new InvalidArgumentError('It must be a port, from 1 to 65535.')
  return number
}
