/**
 * Tokens only proxies can make: a text and the first 72 bits of its HMAC-SHA256 under the key all proxies share. They
 * stand in URI parameters, so they use URL-safe characters only.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Seal {
  /** The token of `text`; what a token is good for is part of what is signed. */
  make(purpose: string, text: string): string
  /** The text of a token, `undefined` when it is not ours. */
  open(purpose: string, token: string): string | undefined
}

const macBytes = 9
const macLength = 12
/** Longer ones cannot be ours. */
const maxToken = 512
const maxCached = 8192

export function createSeal(key: string): Seal {
  const mac = (purpose: string, text: string) =>
    createHmac('sha256', key).update(purpose).update('\0').update(text, 'utf8').digest().subarray(0, macBytes)
  // The same few tokens stand in every message of a dialog: an HMAC for each would be the dearest part of a hop.
  const made = new Map<string, string>()
  const opened = new Map<string, string>()

  return {
    make(purpose, text) {
      const known = made.get(purpose + text)
      if (known !== undefined) return known
      const token = Buffer.from(text, 'utf8').toString('base64url') + mac(purpose, text).toString('base64url')
      remember(made, purpose + text, token)
      return token
    },
    open(purpose, token) {
      const known = opened.get(purpose + token)
      if (known !== undefined) return known
      if (token.length <= macLength || token.length > maxToken) return undefined
      const text = Buffer.from(token.slice(0, -macLength), 'base64url').toString('utf8')
      const given = Buffer.from(token.slice(-macLength), 'base64url')
      if (given.length !== macBytes || !timingSafeEqual(given, mac(purpose, text))) return undefined
      remember(opened, purpose + token, text)
      return text
    },
  }
}

/** Bounded by starting again: what is in use comes back with its next message. */
function remember(cache: Map<string, string>, key: string, value: string): void {
  if (cache.size >= maxCached) cache.clear()
  cache.set(key, value)
}
