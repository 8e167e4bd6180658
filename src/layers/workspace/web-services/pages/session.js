/** Who is signed in, and requests in his name. The token lives as long as the tab. */

const key = 'ringmain-token'

export const session = {
  me: undefined,
  get token() {
    return sessionStorage.getItem(key) ?? undefined
  },
}

/** What the server said why something can't be done. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/** A request of the API. Throws `Problem`; a token that is over signs out. */
export async function ask(path, { method = 'GET', body, as = 'json' } = {}) {
  const headers = {}
  if (session.token) headers.Authorization = `Bearer ${session.token}`
  if (body) headers['Content-Type'] = 'application/json'
  let answer
  try {
    answer = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) })
  } catch {
    throw new Problem(0, 'The server does not answer.')
  }
  if (answer.ok && as === 'blob') return answer.blob()
  const value = await answer.json().catch(() => undefined)
  if (answer.ok) return value
  if (answer.status === 401 && session.token) signOut()
  throw new Problem(answer.status, value?.detail ?? `The server answered ${answer.status}.`)
}

export async function signIn(username, password) {
  const { token, me } = await ask('session', { method: 'POST', body: { username, password } })
  sessionStorage.setItem(key, token)
  session.me = me
  dispatchEvent(new Event('signed'))
}

/** Goes on with the token of the tab, after a reload. */
export async function resume() {
  if (!session.token) return
  session.me = await ask('me')
  dispatchEvent(new Event('signed'))
}

export function signOut() {
  sessionStorage.removeItem(key)
  session.me = undefined
  dispatchEvent(new Event('signed'))
}
