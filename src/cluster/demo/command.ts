/** `ringmain demo`: starts it, says where everything is, and stops it at Ctrl-C. */
import type { LogLevel } from '#platform/log/pino.ts'
import { type DemoPorts, demoAddresses } from './addresses.ts'
import type { DemoCertificate } from './certificate.ts'
import { startDemo } from './demo.ts'
import { explain } from './explain.ts'
import { startWith } from './start-with.ts'

export type DemoCommand = {
  readonly ports: DemoPorts
  readonly data: string
  readonly traffic: boolean
  readonly ipv6: boolean
  readonly logLevel: LogLevel
  readonly nameServers: readonly string[]
}

/** Resolves with the exit code: 0 after Ctrl-C, 1 where it could not start. */
export async function demoCommand(command: DemoCommand): Promise<number> {
  const { stdout, stderr } = process
  stderr.write('Starting two data centres in this process…\n')
  const signal = interrupted()
  try {
    const demo = await startDemo(command)
    stdout.write(welcome(command, demo.certificate))
    await signal
    stderr.write('Stopping: BYE to every call, records to the database…\n')
    await demo.stop()
    stderr.write('Stopped.\n')
    return 0
  } catch (error) {
    const line = explain(error, command.ports)
    stderr.write(line === undefined ? `ringmain: ${(error as Error).stack ?? String(error)}\n` : `ringmain: ${line}\n`)
    return 1
  }
}

/** Resolves at the first SIGINT or SIGTERM; later ones change nothing. */
const interrupted = () =>
  new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })

function welcome({ ports, traffic, ipv6, data }: DemoCommand, { selfSigned, certificate }: DemoCertificate): string {
  const [dc1, dc2] = demoAddresses(ports)
  const sip = (dc: typeof dc1) => dc.proxies.map(({ port }) => `127.0.0.1:${port}`).join(' and ')
  return [
    '',
    `  Look at it        http://127.0.0.1:${dc1.http}/   (second data centre: http://127.0.0.1:${dc2.http}/)`,
    `  SIP, UDP and TCP  dc1 ${sip(dc1)}; dc2 ${sip(dc2)}`,
    '                    TLS at port + 1, WebSocket at + 2, secure WebSocket at + 3 of each',
    ...(ipv6 ? ['                    the same ports at [::1]'] : []),
    `  Certificate       ${selfSigned ? `self-signed: phones and browsers refuse it until they are told to believe ${certificate}` : certificate}`,
    `  T-Library         node1 127.0.0.1:${dc1.tlib.sessionController}–${dc1.tlib.interactionProxy}, node2 127.0.0.1:${dc2.tlib.sessionController}–${dc2.tlib.interactionProxy}`,
    '  Agents            1001 … 1010, password demo: register a phone as 1001 at domain ringmain, sign in on the page',
    '  Call              8900 echo, 8901 announcement, 8902 music, 8010 an agent, 8000 8001 8002 the robots',
    `  Traffic           ${traffic ? `SIMULATED callers and robot agents are at work; ${startWith('--no-traffic')} leaves them out` : 'none (--no-traffic)'}`,
    `  Data              ${data}`,
    '  Ctrl-C ends it.',
    '',
    'ringmain ready',
    '',
  ].join('\n')
}
