/** History: interactions that have ended, newest first. */
import { callLink, dateTime, duration, h, LiveTable, submitted } from './dom.js'
import { ask } from './session.js'

/** The record is written a moment after the call. */
const writtenAfter = 1500

export function historyPage() {
  let items = []
  let cursor
  let timer
  const problem = h('p', { class: 'problem', role: 'alert' })
  const inputs = ['ani', 'dnis', 'agent'].map((name) => h('input', { name, autocomplete: 'off' }))
  const titles = ['From', 'To', 'Agent id']
  const form = h(
    'form',
    { onsubmit: submitted(() => load()) },
    inputs.map((input, index) => h('label', {}, titles[index], input)),
    h('button', {}, 'Search'),
    problem,
  )
  const table = new LiveTable(
    'Interactions',
    [
      { title: 'Began', cell: ({ startedAt }) => dateTime(startedAt) },
      { title: 'From', cell: ({ ani }) => ani || 'unknown' },
      { title: 'To', cell: ({ dnis }) => dnis },
      { title: 'Agents', cell: agentsOf },
      { title: 'Waited', number: true, cell: (item) => spent(item, 'greeting', 'ivr', 'queue', 'ringing') },
      { title: 'Talked', number: true, cell: (item) => spent(item, 'talk') },
      { title: 'Ended', cell: ending },
      { title: 'Ladder', cell: ({ callUUID }) => callLink(callUUID) },
    ],
    ({ callUUID }) => callUUID,
    'No interaction has ended yet, or none matches.',
  )
  const more = h('button', { class: 'more', hidden: true, onclick: () => load(cursor) }, 'More')

  async function load(from) {
    const query = new URLSearchParams({ limit: '50' })
    for (const { name, value } of inputs) if (value.trim()) query.set(name, value.trim())
    if (from) query.set('cursor', from)
    try {
      const page = await ask(`interactions?${query}`)
      items = from ? [...items, ...page.items] : page.items
      cursor = page.cursor
      problem.textContent = ''
    } catch (error) {
      problem.textContent = error.message
    }
    more.hidden = cursor === undefined
    table.update(items)
  }

  const ended = ({ detail }) => {
    // Somebody who reads further down is not disturbed.
    if (detail.data.event !== 'EventCallDeleted' || items.length > 50) return
    clearTimeout(timer)
    timer = setTimeout(load, writtenAfter)
  }
  addEventListener('api-event', ended)
  load()
  return {
    title: 'History',
    element: h('div', {}, form, table.element, more),
    update() {},
    leave() {
      removeEventListener('api-event', ended)
      clearTimeout(timer)
    },
  }
}

export const agentsOf = ({ parties }) => [...new Set(parties.flatMap(({ agentId }) => agentId ?? []))].join(', ')

const length = ({ startedAt, endedAt }) => (endedAt ? Date.parse(endedAt) - Date.parse(startedAt) : 0)

function spent({ segments }, ...kinds) {
  const all = segments.filter(({ kind }) => kinds.includes(kind))
  return all.length === 0 ? '' : duration(all.reduce((sum, segment) => sum + length(segment), 0))
}

export const ending = ({ ending: end }) =>
  end ? `${end.by} · ${end.cause}${end.status ? ` ${end.status}` : ''}` : 'not known'
