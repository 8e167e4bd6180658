/**
 * What must not leave the trace: digest responses and what they are guessed with (RFC 7616 §3.4), keys and passwords of
 * media (RFC 4568 §9.1, RFC 4567, RFC 8839 §5.4) and, where configured, digits that callers entered. A body keeps its
 * length, as Content-Length tells it.
 */

/** `digits`: whether those in INFO and in events are masked, too. */
export type Masking = { readonly digits: boolean }

export function masked(message: string, { digits }: Masking): string {
  const end = message.indexOf('\r\n\r\n')
  if (end < 0) return maskedHead(message)
  const body = maskedBody(message.slice(end))
  return maskedHead(message.slice(0, end)) + (digits && message.startsWith('INFO ') ? withoutDigits(body) : body)
}

/** A T-Library event as JSON. */
export const maskedEvent = (event: string, { digits }: Masking): string =>
  digits ? event.replace(digitAttributes, '$1***$3') : event

const authorization = /^(?:(?:proxy-)?authorization|authentication-info)[ \t]*:.*(?:\r?\n[ \t]+.*)*/gim
const proof = /(\b(?:response|cnonce|rspauth|password)[ \t]*=[ \t]*)(?:"(?:[^"\\]|\\.)*"|[^,\s]+)/gi
const basic = /(:[ \t]*basic[ \t]+)\S+/i

const maskedHead = (head: string): string =>
  head.replace(authorization, (field) => field.replace(proof, '$1"***"').replace(basic, '$1***'))

const keys = /(\binline:|^k=(?:clear|base64|uri):|^a=key-mgmt:\S+ +|^a=ice-pwd:)([^\s|;]+)/gim

const starred = (_all: string, before: string, secret: string, after = ''): string =>
  `${before}${'*'.repeat(secret.length)}${after}`

const maskedBody = (body: string): string => body.replace(keys, (all, before, secret) => starred(all, before, secret))

/** MSML (RFC 5707), application/dtmf-relay, application/dtmf, application/vnd.nortelnetworks.digits. */
const msmlDigits = /(<name>dtmf\.(?:digits|last)<\/name>\s*<value>)([^<]*)(<)/gi
const msmlSent = /(\bdigits=["'])([^"']*)(["'])/gi
const relayed = /(^(?:signal|d)[ \t]*=[ \t]*)([0-9A-D*#,;]+)()/gim
const bare = /^(\r\n\r\n\s*)([0-9A-D*#]+)(\s*)$/i

const withoutDigits = (body: string): string =>
  [msmlDigits, msmlSent, relayed, bare].reduce((text, pattern) => text.replace(pattern, starred), body)

const digitAttributes = /("(?:collectedDigits|lastCollectedDigit|dtmfDigits)":")([^"]*)(")/g
