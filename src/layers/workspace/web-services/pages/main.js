/** The start page: which page is shown, who is signed in, how the connection is. */
import { callPage } from './call-page.js'
import { clockTime, h } from './dom.js'
import { historyPage } from './history-page.js'
import { connect, live } from './live.js'
import { livePage } from './live-page.js'
import { resume, session, signOut } from './session.js'
import { welcomePage } from './welcome-page.js'

const content = document.getElementById('content')
const chip = document.getElementById('connection')
const banner = document.getElementById('banner')
const person = document.getElementById('person')

let page

function show(moved = false) {
  page?.leave?.()
  page = choose(location.hash)
  document.title = `${page.title} · Ringmain`
  content.replaceChildren(page.element)
  for (const link of document.querySelectorAll('nav a'))
    if (link.getAttribute('href') === (location.hash || '#/')) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  page.update()
  if (moved) content.focus()
}

function choose(hash) {
  if (!session.me) return welcomePage()
  const [, name, argument] = hash.split('/')
  if (name === 'history') return historyPage()
  if (name === 'call' && argument) return callPage(decodeURIComponent(argument))
  return livePage()
}

function showSession() {
  const { me } = session
  const out = h('button', { onclick: signOut }, 'Sign out')
  person.replaceChildren(...(me ? [`${me.name} (${me.roles.join(', ')}) `, out] : []))
  for (const link of document.querySelectorAll('nav a[href^="#"]')) link.hidden = !me
  connect()
  show()
}

function showConnection() {
  const words = {
    connected: `${live.dc} ● live`,
    connecting: `${live.dc || 'server'} ◌ connecting`,
    off: 'not signed in',
  }
  chip.textContent = words[live.connection]
  const lost = live.connection === 'connecting' && live.asOf !== undefined
  banner.hidden = !lost
  if (lost && banner.textContent === '')
    banner.textContent = `⚡ Connection lost. Figures are as of ${clockTime(live.asOf)}; trying again by itself. Calls go on.`
  if (!lost) banner.textContent = ''
}

let due = false
/** At most once a frame, however much happens. */
function updateSoon() {
  if (due) return
  due = true
  requestAnimationFrame(() => {
    due = false
    showConnection()
    page?.update()
  })
}

addEventListener('hashchange', () => show(true))
addEventListener('signed', showSession)
addEventListener('live', updateSoon)
setInterval(updateSoon, 1000)

resume().catch(() => {})
if (!session.token) showSession()
