/** One call, live or past: what it was, and its ladder. */
import { clockTime, dateTime, duration, h } from './dom.js'
import { agentsOf, ending } from './history-page.js'
import { columnsOf, readable, rowsOf } from './ladder.js'
import { live } from './live.js'
import { ask, Problem } from './session.js'

const readEvery = 2000

const kinds = [
  ['sip', 'SIP'],
  ['event', 'T-Library events'],
  ['routing', 'routing'],
  ['gap', 'what is missing'],
]

export function callPage(callUUID) {
  const facts = h('div')
  const problem = h('p', { class: 'problem', role: 'alert' })
  const list = h('ol', { class: 'ladder' })
  const names = h('div', { class: 'ladder-names', 'aria-hidden': 'true' })
  const shown = new Set(kinds.map(([kind]) => kind))
  const checks = kinds.map(([kind, words]) => {
    const box = h('input', {
      type: 'checkbox',
      onchange: () => {
        if (box.checked) shown.add(kind)
        else shown.delete(kind)
        draw()
      },
    })
    box.checked = true
    return h('label', { class: 'check' }, box, words)
  })
  let items = []
  let drawn = ''
  let timer
  let begun = false
  let left = false

  /** What is new comes below what is there, so that nobody who reads is disturbed. */
  function draw() {
    const visible = items.filter(({ kind }) => shown.has(kind))
    const columns = columnsOf(visible)
    const layout = JSON.stringify([columns, [...shown]])
    if (layout !== drawn) {
      list.replaceChildren()
      names.replaceChildren(h('span', {}, 'time'), ...columns.map((name) => h('span', {}, name)))
      for (const grid of [list, names]) grid.style.setProperty('--columns', Math.max(1, columns.length))
    }
    drawn = layout
    const start = items[0] ? Date.parse(items[0].time) : 0
    const fresh = rowsOf(visible).slice(list.children.length)
    list.append(...fresh.map((row) => ladderRow(row, columns, start)))
  }

  async function download(ending) {
    try {
      const file = await ask(`calls/${encodeURIComponent(callUUID)}/ladder.${ending}`, { as: 'blob' })
      const href = URL.createObjectURL(file)
      h('a', { href, download: `${callUUID}.${ending}` }).click()
      URL.revokeObjectURL(href)
    } catch (error) {
      problem.textContent = error.message
    }
  }

  async function read() {
    try {
      const [ladder, interaction] = await Promise.all([
        ask(`calls/${encodeURIComponent(callUUID)}/ladder`),
        live.calls.has(callUUID) ? undefined : ask(`interactions/${encodeURIComponent(callUUID)}`).catch(ignoreMissing),
      ])
      items = ladder.items
      problem.textContent = ''
      facts.replaceChildren(interaction ? factsOf(interaction) : liveFacts(callUUID))
    } catch (error) {
      problem.textContent = items.length > 0 ? `${error.message} What is shown may be old.` : error.message
    }
    draw()
    if (!left && live.calls.has(callUUID)) timer = setTimeout(read, readEvery)
  }

  return {
    title: 'Call',
    element: h(
      'div',
      {},
      h('h2', {}, 'Call ', h('small', {}, callUUID)),
      facts,
      h(
        'div',
        { class: 'tools' },
        ...checks,
        h('button', { onclick: read }, 'Read again'),
        h('button', { onclick: () => download('pcap'), title: 'for Wireshark and sngrep' }, 'Save pcap'),
        h('button', { onclick: () => download('txt') }, 'Save text'),
        h('span', { class: 'empty' }, 'Choose a row to read its text.'),
      ),
      problem,
      h('div', { class: 'scroll' }, names, list),
    ),
    /** It is read once it is known which calls are live: those have no interaction yet. */
    update() {
      if (begun || live.asOf === undefined) return
      begun = true
      read()
    },
    leave() {
      left = true
      clearTimeout(timer)
    },
  }
}

function ignoreMissing(error) {
  if (!(error instanceof Problem) || error.status !== 404) throw error
}

/** The text of a row comes below it, and goes again. */
function toggle(button, { time, from, to, text }) {
  const isOpen = button.getAttribute('aria-expanded') === 'true'
  button.setAttribute('aria-expanded', String(!isOpen))
  if (isOpen) button.nextSibling.remove()
  else button.after(h('pre', { tabindex: '0' }, `${clockTime(time)}  ${from} → ${to}\n\n${readable(text)}`))
}

function ladderRow(row, columns, start) {
  const { item, label, style, times } = row
  const from = columns.indexOf(item.from)
  const to = columns.indexOf(item.to)
  const words = times > 1 ? `${label} ×${times}` : label
  const seconds = ((Date.parse(item.time) - start) / 1000).toFixed(3)
  const lifelines = columns.map((_, index) => placed(h('span', { class: 'lifeline' }), index + 2, index + 3))
  const drawn = item.kind === 'sip' && from !== to && from >= 0 && to >= 0 ? arrow : note
  const button = h(
    'button',
    {
      'aria-expanded': 'false',
      'aria-label': `${seconds} seconds: ${words}, from ${item.from} to ${item.to}`,
      onclick: () => toggle(button, item),
    },
    h('time', { datetime: item.time }, `+${seconds}`),
    lifelines,
    drawn(words, style, from, to),
  )
  return h('li', {}, button)
}

/** From the middle of one column to the middle of the other: half a column is left free on both sides. */
function arrow(words, style, from, to) {
  const [low, high] = from < to ? [from, to] : [to, from]
  const element = placed(
    h('span', { class: `arrow ${style} ${from < to ? 'right' : 'left'}`, title: words }, words),
    low + 2,
    high + 3,
  )
  const half = `${50 / (high - low + 1)}%`
  element.style.marginInline = half
  return element
}

function note(words, style, from, to) {
  const at = from >= 0 ? from : to
  const element = h('span', { class: `note ${style}`, title: words }, words)
  return at < 0 ? placed(element, 2, -1) : placed(element, Math.max(2, at + 1), at + 4)
}

function placed(element, first, last) {
  element.style.gridColumn = `${first} / ${last}`
  return element
}

const facts = (pairs) =>
  h(
    'dl',
    { class: 'facts' },
    ...pairs.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  )

function liveFacts(callUUID) {
  const call = live.calls.get(callUUID)
  if (!call) return facts([['State', 'neither live nor in the history yet']])
  const { ani, dnis, state, queue, agentId, node } = call
  return facts([
    ['From', ani],
    ['To', dnis],
    ['State', `${state} (live)`],
    ['Queue', queue],
    ['Agent', agentId],
    ['Node', node],
  ])
}

function factsOf(interaction) {
  const { ani, dnis, startedAt, endedAt, segments, userData } = interaction
  const long = ({ kind, queue, agentId, startedAt: begun, endedAt: ended }) =>
    `${kind}${queue ? ` ${queue}` : ''}${agentId ? ` ${agentId}` : ''} ${ended ? duration(Date.parse(ended) - Date.parse(begun)) : ''}`
  return facts([
    ['From', ani],
    ['To', dnis],
    ['Began', dateTime(startedAt)],
    ['Length', endedAt ? duration(Date.parse(endedAt) - Date.parse(startedAt)) : ''],
    ['Ended', ending(interaction)],
    ['Agents', agentsOf(interaction)],
    ['Segments', segments.map(long).join(' → ')],
    ['Attached data', Object.keys(userData).length > 0 ? JSON.stringify(userData) : ''],
  ])
}
