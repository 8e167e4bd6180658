/** The state of the contact centre, kept by the event stream: snapshot first, then each change; resumes after a gap. */
import { session, signOut } from './session.js'

const shortest = 500
const longest = 5000

export const live = {
  calls: new Map(),
  queues: new Map(),
  agents: new Map(),
  nodes: new Map(),
  /** `connected`, `connecting` or `off`. */
  connection: 'off',
  dc: '',
  /** When the server last said something, by its clock. */
  asOf: undefined,
  /** The server's clock less ours. */
  ahead: 0,
  now: () => Date.now() + live.ahead,
}

let socket
let since
let attempts = 0
let timer

/** From 0 to 1: so that not every browser comes back at once. */
const jitter = () => crypto.getRandomValues(new Uint8Array(1))[0] / 255

const changed = () => dispatchEvent(new Event('live'))

export function connect() {
  clearTimeout(timer)
  socket?.close()
  since = undefined
  if (session.token) open()
  else {
    live.connection = 'off'
    changed()
  }
}

function open() {
  live.connection = 'connecting'
  changed()
  const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/events`)
  socket = opened
  opened.onopen = () => opened.send(JSON.stringify({ token: session.token, ...(since !== undefined && { since }) }))
  opened.onmessage = ({ data }) => opened === socket && take(JSON.parse(data))
  opened.onclose = ({ code }) => {
    if (opened !== socket) return
    if (code === 4401) return signOut()
    live.connection = 'connecting'
    changed()
    const most = Math.min(longest, shortest * 2 ** attempts++)
    timer = setTimeout(open, most * (0.5 + jitter() / 2))
  }
}

function take(event) {
  attempts = 0
  since = event.seq
  live.connection = 'connected'
  live.dc = event.dc
  live.asOf = event.time
  // The nearest to the truth is the event that was under way for the shortest time.
  const ahead = Date.parse(event.time) - Date.now()
  live.ahead = live.ahead === 0 ? ahead : Math.max(live.ahead, ahead)
  takes[event.type.split('.')[0]]?.(event)
  dispatchEvent(new CustomEvent('api-event', { detail: event }))
  changed()
}

const keyed = (list, key) => new Map((list ?? []).map((one) => [one[key], one]))

const takes = {
  snapshot({ data }) {
    live.calls = keyed(data.calls, 'callUUID')
    live.queues = keyed(data.queues, 'number')
    live.agents = keyed(data.agents, 'employeeId')
    live.nodes = keyed(data.nodes, 'name')
  },
  call({ subject, data }) {
    if (data.call) live.calls.set(subject, data.call)
    else live.calls.delete(subject)
  },
  agent({ data }) {
    if (data.agent) live.agents.set(data.agent.employeeId, data.agent)
  },
  queue({ data }) {
    live.queues.set(data.queue.number, data.queue)
  },
  connection({ subject, data }) {
    const node = live.nodes.get(subject)
    if (node) live.nodes.set(subject, { ...node, ready: data.connected })
    if (data.connected) return
    for (const [callUUID, call] of live.calls) if (call.node === subject) live.calls.delete(callUUID)
  },
}
