/** Live: figures, queues, calls, agents, nodes. */
import { callLink, duration, h, LiveTable, stateMark } from './dom.js'
import { live } from './live.js'

const mostRows = 300

const since = (item) => duration(live.now() - Date.parse(item.since))

export function livePage() {
  const tiles = new Tiles()
  const queues = new LiveTable(
    'Queues',
    [
      { title: 'Number', cell: ({ number }) => number },
      { title: 'Name', cell: ({ name }) => name },
      { title: 'Waiting', number: true, cell: ({ waiting }) => waiting },
      { title: 'Longest wait', number: true, cell: longestWait },
      { title: 'Ready', number: true, cell: ({ ready }) => ready },
      { title: 'On call', number: true, cell: ({ onCall }) => onCall },
    ],
    ({ number }) => number,
    'No queue is configured.',
  )
  const calls = new LiveTable(
    'Calls',
    [
      { title: 'From (ladder)', cell: ({ callUUID, ani }) => callLink(callUUID, ani || 'unknown') },
      { title: 'To', cell: ({ dnis }) => dnis },
      { title: 'State', cell: ({ state }) => stateMark(state) },
      { title: 'Since', number: true, cell: since },
      { title: 'Queue', cell: ({ queue }) => queue },
      { title: 'Agent', cell: ({ agentId }) => live.agents.get(agentId)?.name ?? agentId },
      { title: 'DC', cell: ({ dc }) => dc },
    ],
    ({ callUUID }) => callUUID,
    'No call is going on. Dial 8010 from a phone, or let the demo’s callers dial.',
  )
  const agents = new LiveTable(
    'Agents',
    [
      { title: 'Id', cell: ({ employeeId }) => employeeId },
      { title: 'Name', cell: agentName },
      { title: 'State', cell: ({ state, reason }) => stateMark(state, reason) },
      { title: 'Since', number: true, cell: since },
      { title: 'DN', cell: ({ dn }) => dn },
      { title: 'DC', cell: ({ dc, live: known }) => (dc ? `${dc}${known ? '' : ' ⚡ stale'}` : '') },
    ],
    ({ employeeId }) => employeeId,
    'No agent matches.',
  )
  const filter = new AgentFilter(() => update())
  agents.element.firstChild.after(filter.element)
  const update = () => {
    tiles.update()
    queues.update([...live.queues.values()])
    const going = [...live.calls.values()].sort((a, b) => (a.callUUID < b.callUUID ? 1 : -1))
    calls.update(going.slice(0, mostRows), going.length)
    const matching = filter.apply([...live.agents.values()])
    agents.update(matching.slice(0, mostRows), matching.length)
    figures.classList.toggle('stale', live.connection !== 'connected')
  }
  const figures = h(
    'div',
    {},
    tiles.element,
    h('div', { class: 'columns' }, h('div', {}, queues.element, calls.element), agents.element),
  )
  return { title: 'Live', element: figures, update }
}

function longestWait({ waiting, longestWaitSeconds, asOf }) {
  return waiting === 0 ? '' : duration(longestWaitSeconds * 1000 + live.now() - Date.parse(asOf))
}

const agentName = ({ name, simulated }) =>
  simulated ? h('span', {}, name, h('span', { class: 'tag' }, 'SIMULATED')) : name

class Tiles {
  constructor() {
    this.values = {}
    const tile = (title) => {
      this.values[title] = h('dd', {}, '–')
      return h('div', {}, h('dt', {}, title), this.values[title])
    }
    this.element = h(
      'dl',
      { class: 'tiles' },
      ...['Calls', 'Waiting', 'Ready', 'On call', 'Not ready', 'Nodes'].map(tile),
    )
  }

  update() {
    const agents = [...live.agents.values()]
    const inState = (...states) => agents.filter(({ state }) => states.includes(state)).length
    const calls = [...live.calls.values()]
    const nodes = [...live.nodes.values()]
    const told = {
      Calls: calls.length,
      Waiting: calls.filter(({ state }) => state === 'queued').length,
      Ready: inState('ready'),
      'On call': inState('on-call', 'on-hold'),
      'Not ready': inState('not-ready', 'after-call-work'),
      Nodes: nodes.length ? `${nodes.filter(({ ready }) => ready).length}/${nodes.length}` : '–',
    }
    for (const [title, value] of Object.entries(told)) this.values[title].textContent = value
  }
}

class AgentFilter {
  constructor(changed) {
    this.text = h('input', { type: 'search', oninput: changed, autocomplete: 'off' })
    this.loggedIn = h('input', { type: 'checkbox', onchange: changed })
    this.loggedIn.checked = true
    this.element = h(
      'div',
      { class: 'tools' },
      h('label', {}, 'Name, id or skill', this.text),
      h('label', { class: 'check' }, this.loggedIn, 'logged in only'),
    )
  }

  apply(agents) {
    const wanted = this.text.value.trim().toLowerCase()
    const matches = ({ employeeId, name, skills }) =>
      [employeeId, name, ...Object.keys(skills)].some((text) => text.toLowerCase().includes(wanted))
    return agents.filter((agent) => (!this.loggedIn.checked || agent.state !== 'logged-out') && matches(agent))
  }
}
