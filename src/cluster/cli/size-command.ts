/** `ringmain size`: what a deployment needs (blueprint §6.1). Every figure comes with its formula. */
import { type Command, InvalidArgumentError } from 'commander'
import { json, jsonCommand } from './client-command.ts'
import { CommandFailed } from './errors.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

type Load = {
  readonly agents: number
  /** Percent of the time in which an agent talks. */
  readonly utilization: number
  /** Seconds of a call in menus, in the queue, and talking. */
  readonly qualification: number
  readonly queue: number
  readonly talk: number
  /** Seconds granted to a registration; phones refresh after half of it. */
  readonly registrationLifetime: number
}
type Figure = { readonly name: string; readonly value: number; readonly formula: string }

/** Microseconds of CPU, those of docs/benchmarks.md rounded up; of ports and legs, in each second. */
const cost = {
  /** Of a whole call with greeting and music, all of it counted as the node's: what of it is the node's is not measured. */
  call: 4_000,
  /** Four times that of a call through a proxy: the legs of caller, media server and agent, and what joins them. */
  callAtProxies: 400,
  registrationAtNode: 45,
  registrationAtItsProxy: 75,
  registrationAtOtherProxy: 12,
  prompt: 160,
  relayedLeg: 240,
}
/** Of the microseconds of a second: room for what comes in bursts. */
const core = 700_000
const percent = `${(100 * core) / 1_000_000} %`
/** G.711 in packets of 20 ms on Ethernet: 160 bytes and 58 of RTP, UDP, IP and Ethernet. */
const mediaKilobits = 87.2
const recordingKilobits = 16

const coresFor = (microseconds: number) => Math.max(1, Math.ceil(microseconds / core))

/** Every proxy is told of every registration: what one costs at the others takes its part of each core. */
function proxiesFor(calls: number, registrations: number): number {
  const { callAtProxies, registrationAtItsProxy, registrationAtOtherProxy } = cost
  const left = core - registrations * registrationAtOtherProxy
  if (left <= 0)
    throw new CommandFailed(
      `no number of SIP Proxies takes ${Math.round(registrations)} registrations a second, of which each is told`,
      'grant a longer --registration-lifetime',
    )
  const shared = calls * callAtProxies + registrations * (registrationAtItsProxy - registrationAtOtherProxy)
  return Math.max(2, Math.ceil(shared / left))
}

function sizing(load: Load): Figure[] {
  const { agents, utilization, qualification, queue, talk, registrationLifetime } = load
  const perAgent = ((utilization / 100) * 3600) / talk
  const busyHour = agents * perAgent
  const caps = busyHour / 3600
  const waiting = caps * (qualification + queue)
  const talking = caps * talk
  const registrations = agents / (registrationLifetime / 2)
  const figure = (name: string, value: number, formula: string): Figure => ({ name, value: rounded(value), formula })
  return [
    figure('calls per agent and hour', perAgent, 'utilization × 3600 s / talk time'),
    figure('busy hour calls', busyHour, 'agents × calls per agent and hour'),
    figure('call attempts per second', caps, 'busy hour calls / 3600'),
    figure('calls in menus and queues', waiting, 'call attempts per second × (qualification + queue time)'),
    figure('calls talking', talking, 'call attempts per second × talk time'),
    figure('calls in the system', waiting + talking, 'the two together (Little’s law)'),
    figure('registrations per second', registrations, 'agents / half the registration lifetime'),
    figure(
      'node pairs in each data centre',
      coresFor(caps * cost.call + registrations * cost.registrationAtNode) + 1,
      `(call attempts per second × ${cost.call} µs + registrations per second × ${cost.registrationAtNode} µs) / ${percent} of a core, and one more; each data centre carries all when one is lost`,
    ),
    figure(
      'SIP Proxies in each data centre',
      proxiesFor(caps, registrations),
      `call attempts per second × ${cost.callAtProxies} µs + registrations per second × ${cost.registrationAtItsProxy} µs at one and ${cost.registrationAtOtherProxy} µs at each other, within ${percent} of a core each; at least 2`,
    ),
    figure(
      'media server cores in each data centre, media direct',
      coresFor(waiting * cost.prompt) + 1,
      `calls in menus and queues × ${cost.prompt} µs a second / ${percent} of a core, and one more`,
    ),
    figure(
      'media server cores in each data centre, media anchored',
      coresFor(waiting * cost.prompt) + coresFor(2 * talking * cost.relayedLeg) + 1,
      `as before, and both legs of calls talking × ${cost.relayedLeg} µs a second / ${percent} of a core`,
    ),
    figure(
      'media in each direction, Mbit/s',
      ((waiting + talking) * mediaKilobits) / 1000,
      `calls in the system × ${mediaKilobits} kbit/s (G.711, 20 ms)`,
    ),
    figure(
      'recordings of the busy hour, GB',
      (busyHour * talk * recordingKilobits) / 8 / 1_000_000,
      `busy hour calls × talk time × ${recordingKilobits} kbit/s / 8 (MP3, stereo)`,
    ),
  ]
}

const rounded = (value: number) => Math.round(value * 100) / 100

const blueprintNote = [
  'The blueprint prints 28,800 busy hour calls (8 per second) and 2,000 concurrent calls for 2,000 agents. Its own',
  'inputs give 2,000 × 16 = 32,000 (8.89 per second); and 8 per second × 360 s = 2,880 in the system, 1,440 talking.',
].join('\n')

export function sizeCommand(program: Command, terminal: Terminal): void {
  jsonCommand(program, 'size', 'what a deployment needs; defaults are the blueprint’s')
    .option('--agents <number>', 'agents logged in', positive, 2000)
    .option('--utilization <percent>', 'share of the time an agent talks', positive, 80)
    .option('--qualification <seconds>', 'a call in menus', positive, 60)
    .option('--queue <seconds>', 'a call in the queue', positive, 120)
    .option('--talk <seconds>', 'a call talking', positive, 180)
    .option('--registration-lifetime <seconds>', 'granted to a registration', positive, 30)
    .action((options: Load & { json?: boolean }) => {
      const figures = sizing(options)
      if (options.json) return terminal.out(json(figures))
      terminal.out(
        table(
          [
            { title: 'needed', of: (row) => row.name },
            { title: 'figure', of: (row) => row.value },
            { title: 'from', of: (row) => row.formula },
          ],
          figures,
        ),
      )
      terminal.err(blueprintNote)
    })
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}
