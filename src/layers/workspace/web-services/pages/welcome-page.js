/** Before anybody has signed in: what this is, counts for everybody, and the way in. */
import { h, submitted } from './dom.js'
import { ask, signIn } from './session.js'

const readEvery = 3000

export function welcomePage() {
  const counts = h('dl', { class: 'tiles' })
  const problem = h('p', { class: 'problem', role: 'alert' })
  const demo = h('div', { class: 'tools' })
  const username = h('input', { name: 'username', autocomplete: 'username', required: true })
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true })
  let timer
  let left = false

  const enter = async (name, secret) => {
    problem.textContent = ''
    try {
      await signIn(name, secret)
    } catch (error) {
      problem.textContent = error.message
    }
  }
  const form = h(
    'form',
    { onsubmit: submitted(() => enter(username.value, password.value)) },
    h('label', {}, 'Employee id', username),
    h('label', {}, 'Password', password),
    h('button', {}, 'Sign in'),
    problem,
  )

  async function read() {
    try {
      const overview = await ask('overview')
      offer(overview.demo)
      show(overview)
    } catch (error) {
      counts.replaceChildren(h('div', {}, h('dt', {}, 'No figures'), h('dd', {}, '–')))
      problem.textContent = error.message
    }
    if (!left) timer = setTimeout(read, readEvery)
  }

  function offer(account) {
    if (!account || demo.firstChild) return
    const name = `Sign in as the demo supervisor (${account.username})`
    demo.append(h('button', { class: 'first', onclick: () => enter(account.username, account.password) }, name))
  }

  function show({ calls, waiting, agents, nodes }) {
    const tile = (title, value) => h('div', {}, h('dt', {}, title), h('dd', {}, String(value)))
    const ready = agents.ready ?? 0
    const busy = (agents['on-call'] ?? 0) + (agents['on-hold'] ?? 0)
    counts.replaceChildren(
      tile('Calls', calls),
      tile('Waiting', waiting),
      tile('Agents ready', ready),
      tile('Agents on call', busy),
      tile('Nodes', `${nodes.ready}/${nodes.all}`),
    )
  }

  read()
  return {
    title: 'Welcome',
    element: h(
      'div',
      { class: 'welcome' },
      h('h2', {}, 'A contact centre is running here'),
      h(
        'p',
        {},
        'Callers are greeted, queued by skill and brought to agents. Sign in to watch calls, queues and agents live, and to read the ladder of any call.',
      ),
      counts,
      demo,
      form,
    ),
    update() {},
    leave() {
      left = true
      clearTimeout(timer)
    },
  }
}
