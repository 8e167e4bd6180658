/** What a ladder shows of each item: a label, an arrow from column to column, or a note at one. */

/** Who sent or got SIP messages, in the order in which they first appear; events and decisions stand beside them. */
export function columnsOf(items) {
  const ends = (some) => some.flatMap(({ from, to }) => [from, to]).filter(Boolean)
  const messages = items.filter(({ kind }) => kind === 'sip')
  return [...new Set(ends(messages.length > 0 ? messages : items))]
}

/** Repeats of the same message between the same two right after each other are one row. */
export function rowsOf(items) {
  const rows = []
  for (const item of items) {
    const last = rows.at(-1)
    const same = last && ['kind', 'from', 'to', 'text'].every((key) => last.item[key] === item[key])
    if (same) last.times++
    else rows.push({ item, times: 1, ...look(item) })
  }
  return rows
}

function look(item) {
  if (item.kind === 'sip') return sip(item.text)
  const value = parsed(item.text)
  if (item.kind === 'event') return { label: eventLabel(value, item.text), style: 'event' }
  return { label: String(value?.text ?? item.text).split('\n')[0], style: 'routing' }
}

function sip(text) {
  const first = text.slice(0, text.search(/\r?\n|$/))
  const response = first.match(/^SIP\/2\.0 (\d{3}) ?(.*)$/)
  if (!response) return { label: request(first), style: 'request' }
  const [, status, reason] = response
  const method = text.match(/^CSeq:\s*\d+\s+(\w+)/im)?.[1] ?? ''
  const style = status < '200' ? 'request' : status < '300' ? 'success' : 'failure'
  return { label: status < '200' ? `${status} ${reason}` : `${status} ${reason} (${method})`, style }
}

/** The method, and whom an INVITE is for; a conference's name says nothing to people. */
function request(line) {
  const [method = 'SIP', uri = ''] = line.split(' ')
  const user = uri.match(/^sips?:([^@;]+)@/)?.[1] ?? ''
  return method === 'INVITE' && user ? `INVITE ${user.startsWith('conf=') ? 'media' : user}` : method
}

function eventLabel(value, text) {
  if (!value?.name) return text.split('\n')[0]
  return [value.name, value.thisDN, value.agentID && value.agentID !== value.thisDN && `agent ${value.agentID}`]
    .filter(Boolean)
    .join(' ')
}

export function readable(text) {
  const value = parsed(text)
  return value === undefined ? text : JSON.stringify(value, undefined, 2)
}

function parsed(text) {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' ? (value ?? undefined) : undefined
  } catch {
    return undefined
  }
}
