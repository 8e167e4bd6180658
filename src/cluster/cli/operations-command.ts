/** `ringmain call`, `agent`, `node`, `dc` and `trunk`: what goes on, and what an operator can do about it. */
import { type Command, Option } from 'commander'
import type { Agent, StateAnswer } from '#protocols/model/http/agents.ts'
import type { Interaction, Ladder, LiveCall } from '#protocols/model/http/calls.ts'
import type { Node } from '#protocols/model/http/cluster.ts'
import { type ClientOptions, clientCommand, json, listCommand } from './client-command.ts'
import { CommandFailed } from './errors.ts'
import { notYet } from './not-yet.ts'
import { connect, type Server } from './server.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

export function callCommand(program: Command, terminal: Terminal): void {
  const call = program.command('call').description('calls: now, and what became of them')
  listCommand<LiveCall>(call, terminal, {
    description: 'the calls there are now',
    rows: (server) => server.get('/api/v1/calls'),
    columns: [
      { title: 'call', of: (row) => row.callUUID },
      { title: 'connID', of: (row) => row.connID },
      { title: 'from', of: (row) => row.ani },
      { title: 'to', of: (row) => row.dnis },
      { title: 'state', of: (row) => row.state },
      { title: 'queue', of: (row) => row.queue },
      { title: 'agent', of: (row) => row.agentId },
      { title: 'since', of: (row) => row.since },
      { title: 'node', of: (row) => row.node },
    ],
  })
  clientCommand(call, 'show <call>', 'one call, by its UUID or its connID').action(
    async (id: string, options: ClientOptions) => {
      const server = await connect(options, terminal)
      const live = (await server.get<LiveCall[]>('/api/v1/calls')).find(isCall(id))
      if (live) return terminal.out(options.json ? json(live) : goesOn(live))
      const interaction = await server.get<Interaction>(`/api/v1/interactions/${await uuidOf(server, id)}`)
      terminal.out(options.json ? json(interaction) : shown(interaction))
    },
  )
  clientCommand(call, 'ladder <call>', 'its SIP messages, events and routing decisions')
    .addOption(
      new Option('--format <format>', 'its SIP messages alone: pcap for Wireshark and sngrep, text as sngrep saves it')
        .choices(['pcap', 'text'])
        .conflicts('json'),
    )
    .action(async (id: string, options: ClientOptions & { format?: 'pcap' | 'text' }) => {
      const server = await connect(options, terminal)
      const path = `/api/v1/calls/${await uuidOf(server, id)}/ladder`
      if (options.format) return terminal.file(await server.download(`${path}.${endings[options.format]}`))
      const ladder = await server.get<Ladder>(path)
      terminal.out(options.json ? json(ladder) : ladder.items.map(rung).join('\n'))
    })
}

const endings = { pcap: 'pcap', text: 'txt' }

/** History knows calls by their UUID, T-Library and people on the telephone by their connID. */
async function uuidOf(server: Server, id: string): Promise<string> {
  if (!/^[0-9a-f]{16}$/i.test(id)) return encodeURIComponent(id)
  const calls = await server.get<LiveCall[]>('/api/v1/calls')
  const found = calls.find(isCall(id))
  if (found) return found.callUUID
  throw new CommandFailed(`there is no call with connID ${id} now`, 'a call that has ended is found by its UUID')
}

const isCall =
  (id: string) =>
  ({ connID, callUUID }: LiveCall): boolean =>
    connID === id.toLowerCase() || callUUID === id

/** Parties and segments are written when a call has ended. */
const goesOn = ({ callUUID, connID, ani, dnis, since, state, queue, agentId }: LiveCall): string =>
  [
    `call     ${callUUID}`,
    `connID   ${connID}`,
    `from     ${ani}`,
    `to       ${dnis}`,
    `now      ${[state, ...(queue ? [`queue ${queue}`] : []), ...(agentId ? [`agent ${agentId}`] : [])].join(', ')} since ${since}`,
    `ended    goes on; ringmain call ladder ${callUUID} tells what has happened so far`,
  ].join('\n')

function shown(interaction: Interaction): string {
  const { callUUID, connID, ani, dnis, startedAt, endedAt, ending, parties, segments } = interaction
  const end = ending ? `${ending.by}, ${ending.cause}${ending.status ? ` ${ending.status}` : ''}` : 'goes on'
  const head = [`call     ${callUUID}`, `connID   ${connID}`, `from     ${ani}`, `to       ${dnis}`]
  const times = [`started  ${startedAt}`, `ended    ${endedAt ?? '-'}`, `ending   ${end}`]
  const parts = table(
    [
      { title: 'segment', of: (row) => row.kind },
      { title: 'queue', of: (row) => row.queue },
      { title: 'agent', of: (row) => row.agentId },
      { title: 'from', of: (row) => row.startedAt },
      { title: 'to', of: (row) => row.endedAt },
    ],
    segments,
  )
  const people = table(
    [
      { title: 'party', of: (row) => row.dn },
      { title: 'role', of: (row) => row.role },
      { title: 'agent', of: (row) => row.agentId },
      { title: 'joined', of: (row) => row.joinedAt },
      { title: 'left', of: (row) => row.leftAt },
    ],
    parties,
  )
  return [...head, ...times, '', parts, '', people].join('\n')
}

/** A SIP message is shown by its first line; `--json` has all of it. */
const rung = ({ time, kind, from, to, text }: Ladder['items'][number]): string =>
  `${time}  ${kind.padEnd(7)}  ${kind === 'gap' ? '' : `${from} → ${to}  `}${text.split(/\r?\n/, 1)[0] ?? ''}`

export function agentCommand(program: Command, terminal: Terminal): void {
  const agent = program.command('agent').description('agents and their states')
  listCommand<Agent>(agent, terminal, {
    description: 'all agents and what they do now',
    rows: (server) => server.get('/api/v1/agents'),
    columns: [
      { title: 'agent', of: (row) => row.employeeId },
      { title: 'name', of: (row) => row.name },
      { title: 'dn', of: (row) => row.dn },
      { title: 'state', of: (row) => row.state },
      { title: 'reason', of: (row) => row.reason },
      { title: 'since', of: (row) => row.since },
      { title: 'dc', of: (row) => row.dc },
    ],
  })
  clientCommand(agent, 'set-state <agent> <state>', 'ready, not-ready, after-call-work or logged-out')
    .option('--reason <reason>', 'why')
    .action(async (id: string, state: string, options: ClientOptions & { reason?: string }) => {
      const server = await connect(options, terminal)
      const reason = options.reason === undefined ? {} : { reason: options.reason }
      const path = `/api/v1/agents/${encodeURIComponent(id)}/state`
      const answer = await server.send<StateAnswer>('PUT', path, { state, ...reason })
      terminal.out(options.json ? json(answer) : `${answer.employeeId} ${answer.state}`)
    })
}

export function nodeCommand(program: Command, terminal: Terminal): void {
  const node = program.command('node').description('SIP Server nodes')
  listCommand<Node>(node, terminal, {
    description: 'all nodes, their roles and whether they take calls',
    rows: (server) => server.get('/api/v1/nodes'),
    columns: [
      { title: 'node', of: (row) => row.name },
      { title: 'dc', of: (row) => row.dc },
      { title: 'ready', of: (row) => (row.ready ? 'yes' : 'no') },
      { title: 'calls', of: (row) => row.calls },
      {
        title: 'instances',
        of: ({ instances }) => instances.map(({ role, epoch }) => `${role} (epoch ${epoch})`).join(', '),
      },
    ],
  })
  for (const verb of ['add', 'drain', 'undrain', 'switchover']) notYet(node, verb)
  const dc = program.command('dc').description('data centres')
  for (const verb of ['list', 'drain', 'declare-lost']) notYet(dc, verb)
}
