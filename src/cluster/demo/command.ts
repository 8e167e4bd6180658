/** `ringmain demo`: starts it, says where everything is, and stops it at Ctrl-C. */
import type { Command } from 'commander'
import { type LogLevel, logLevels } from '#platform/log/pino.ts'
import { CommandFailed, WrongUsage } from '../cli/errors.ts'
import type { Terminal } from '../cli/terminal.ts'
import { type DemoPorts, defaultPorts, demoAddresses } from './addresses.ts'
import { startDemo } from './demo.ts'
import { explain } from './explain.ts'

type Options = Record<keyof DemoPorts, string> & { data: string; traffic: boolean; log: string }

export function addCommand(program: Command, terminal: Terminal): void {
  const port = (name: keyof DemoPorts, what: string): [string, string, string] => [
    `--${name} <port>`,
    what,
    String(defaultPorts[name]),
  ]
  program
    .command('demo')
    .description('two data centres in this process, on loopback, with SIMULATED callers and robot agents')
    .option('--no-traffic', 'no SIMULATED callers, no robot agents')
    .option('--data <directory>', 'the data directory', './data')
    .option(...port('http', 'HTTP of dc1; dc2 takes the next port'))
    .option(...port('sip', 'first of the SIP proxies, which are ten ports apart'))
    .option(...port('tlib', "first of node1's T-Library ports; node2's are ten further"))
    .option(...port('rtp', 'first of 10000 RTP ports'))
    .option(...port('carrier', 'where calls to outside numbers go'))
    .option('--log <level>', `what is logged to stderr: ${logLevels.join(', ')}`, 'warn')
    .action((options: Options) => runDemo(options, terminal))
}

/** Throws `CommandFailed` with one line where it cannot start. */
async function runDemo(options: Options, terminal: Terminal): Promise<void> {
  const ports = portsOf(options)
  const { data, traffic } = options
  terminal.err('Starting two data centres in this process; the first start makes the database…')
  const signal = interrupted()
  const demo = await startDemo({ ports, data, traffic, logLevel: levelOf(options.log) }).catch((error: unknown) => {
    const line = explain(error, ports)
    if (line === undefined) throw error
    throw new CommandFailed(line)
  })
  terminal.out(welcome(ports, { data, traffic }))
  terminal.out('ringmain ready')
  await signal
  terminal.err('Stopping: BYE to every call, records to the database…')
  await demo.stop()
  terminal.err('Stopped.')
}

function portsOf(options: Options): DemoPorts {
  const names = Object.keys(defaultPorts) as (keyof DemoPorts)[]
  return Object.fromEntries(names.map((name) => [name, portOf(name, options[name])])) as DemoPorts
}

function portOf(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536) return Number(text)
  throw new WrongUsage(`--${name} ${text} is no port: a number from 1 to 65535`)
}

function levelOf(text: string): LogLevel {
  const level = logLevels.find((one) => one === text)
  if (level === undefined) throw new WrongUsage(`--log ${text} is none of ${logLevels.join(', ')}`)
  return level
}

/** Resolves at the first SIGINT or SIGTERM; later ones change nothing. */
const interrupted = () =>
  new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })

function welcome(ports: DemoPorts, { traffic, data }: { traffic: boolean; data: string }): string {
  const [dc1, dc2] = demoAddresses(ports)
  const sip = (dc: typeof dc1) => dc.proxies.map(({ port }) => `127.0.0.1:${port}`).join(', ')
  const tlib = ({ node, tlib }: typeof dc1) => `${node} ${tlib.sessionController}–${tlib.interactionProxy}`
  const simulated = 'SIMULATED callers and robot agents are at work (--no-traffic leaves them out)'
  return [
    '',
    `  Look at it   http://127.0.0.1:${dc1.http}/ and, the second data centre, http://127.0.0.1:${dc2.http}/`,
    `  SIP          UDP and TCP; dc1 ${sip(dc1)}; dc2 ${sip(dc2)}`,
    `  T-Library    ${tlib(dc1)}, ${tlib(dc2)}`,
    '  Agents       1001 to 1010, password demo: register a phone as 1001 at the domain ringmain, sign in on the page',
    '  Call         8900 echo, 8901 announcement, 8902 music; 8010 you as an agent; 8000, 8001, 8002 the robots',
    `  Traffic      ${traffic ? simulated : 'none'}`,
    `  Data         ${data}`,
    '  Ctrl-C ends it.',
    '',
  ].join('\n')
}
