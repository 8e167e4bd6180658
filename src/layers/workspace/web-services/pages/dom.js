/** Makes elements. Text always goes in as text: nothing that a caller or a phone sends becomes markup. */

/** `properties`: attributes; `on…` listeners; undefined and false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false))
  return element
}

/** A table that is updated in place, row by row, so that focus and selection stay. */
export class LiveTable {
  /** `columns`: `{title, cell(item), number?, wrap?}`; `cell` gives a text or an element. */
  constructor(caption, columns, keyOf, empty) {
    this.columns = columns
    this.keyOf = keyOf
    this.rows = new Map()
    this.body = h('tbody')
    this.count = h('small')
    this.empty = h('p', { class: 'empty' }, empty)
    const heads = columns.map(({ title, number }) => h('th', { scope: 'col', class: number && 'number' }, title))
    this.table = h('table', { 'aria-label': caption }, h('thead', {}, h('tr', {}, heads)), this.body)
    this.element = h(
      'section',
      {},
      h('h2', {}, caption, ' ', this.count),
      this.empty,
      h('div', { class: 'scroll' }, this.table),
    )
  }

  /** `of`: how many there are where not all are shown. */
  update(items, of = items.length) {
    this.count.textContent = of > items.length ? `${items.length} of ${of}` : String(of)
    this.empty.hidden = items.length > 0
    this.table.hidden = items.length === 0
    const gone = new Set(this.rows.keys())
    let before = this.body.firstChild
    for (const item of items) {
      const key = this.keyOf(item)
      gone.delete(key)
      const row = this.rows.get(key) ?? this.addRow(key)
      if (row !== before) this.body.insertBefore(row, before)
      else before = before.nextSibling
      this.fill(row, item)
    }
    for (const key of gone) {
      this.rows.get(key).remove()
      this.rows.delete(key)
    }
  }

  addRow(key) {
    const cells = this.columns.map(({ number, wrap }) => h('td', { class: number ? 'number' : wrap && 'wrap' }))
    const row = h('tr', {}, cells)
    this.rows.set(key, row)
    return row
  }

  fill(row, item) {
    this.columns.forEach(({ cell }, index) => {
      const value = cell(item)
      const place = row.children[index]
      const isElement = value instanceof Element
      const mark = isElement ? value.outerHTML : String(value ?? '')
      if (place.dataset.mark === mark) return
      place.dataset.mark = mark
      place.replaceChildren(isElement ? value : mark)
    })
  }
}

const glyphs = {
  ready: '●',
  reserved: '◔',
  ringing: '◔',
  queued: '◔',
  'on-call': '▶',
  connected: '▶',
  dialing: '▷',
  'on-hold': '⏸',
  held: '⏸',
  'after-call-work': '✎',
  'not-ready': '■',
  'logged-out': '○',
}

/** A state by glyph, word and colour: never by colour alone. */
export const stateMark = (state, reason) =>
  h(
    'span',
    { class: `state state-${state}`, 'data-glyph': glyphs[state] ?? '·' },
    state.replaceAll('-', ' ') + (reason ? ` (${reason})` : ''),
  )

/** `3:07`, `1:02:03`. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const minutes = Math.floor(seconds / 60)
  const two = (number) => String(number).padStart(2, '0')
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`
}

export const clockTime = (time) =>
  new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
export const dateTime = (time) => new Date(time).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' })

export const callLink = (callUUID, text = 'ladder') => h('a', { href: `#/call/${encodeURIComponent(callUUID)}` }, text)

/** What a form does instead of leaving the page. */
export const submitted = (run) => (event) => {
  event.preventDefault()
  run()
}
