/**
 * Header field names as small numbers (RFC 3261 §7.3.1, §7.3.3): long and compact form, in any case, are one id. Found
 * by length and first letter, so that a name costs neither a substring nor toLowerCase.
 */

/** Canonical spelling; compact form after `/`; `,` marks fields whose values are comma-separated lists. */
const names = [
  ...['Via/v,', 'From/f', 'To/t', 'Call-ID/i', 'CSeq', 'Content-Length/l', 'Max-Forwards', 'Content-Type/c'],
  ...['Contact/m,', 'Route,', 'Record-Route,', 'Expires', 'Min-Expires', 'Subject/s', 'Supported/k,', 'Require,'],
  ...['Proxy-Require,', 'Unsupported,', 'Allow,', 'Allow-Events/u,', 'Event/o', 'Subscription-State', 'Refer-To/r'],
  ...['Referred-By/b', 'Replaces', 'Reason,', 'Path,', 'Service-Route,', 'P-Asserted-Identity,', 'Privacy'],
  ...['P-Preferred-Identity,', 'WWW-Authenticate', 'Proxy-Authenticate', 'Authorization', 'Proxy-Authorization'],
  ...['Authentication-Info', 'User-Agent', 'Server', 'Date', 'Retry-After', 'Warning,', 'Accept,', 'RSeq', 'RAck'],
  ...['Session-Expires/x', 'Min-SE', 'Timestamp', 'Accept-Encoding,', 'Accept-Language,', 'Alert-Info,', 'Call-Info,'],
  ...['Content-Disposition', 'Content-Encoding/e,', 'Content-Language,', 'Diversion,', 'History-Info,', 'Join'],
  ...[
    'MIME-Version',
    'Organization',
    'Priority',
    'Reply-To',
    'Error-Info,',
    'In-Reply-To,',
    'Geolocation,',
    'Flow-Timer',
    'Max-Breadth',
  ],
  ...['SIP-ETag', 'SIP-If-Match', 'Accept-Contact/a,', 'Reject-Contact/j,', 'Request-Disposition/d,', 'Identity/y'],
]

type Known = { readonly id: number; readonly lower: string }

const canonical: string[] = ['']
const lists: boolean[] = [false]
const ids = new Map<string, number>()
/** Candidates by length and first letter. */
const buckets: Known[][] = Array.from({ length: 32 * 32 }, () => [])

const bucketOf = (length: number, first: number) => (length > 31 ? 0 : (length << 5) | (first & 31))

function learn(spelling: string, id: number) {
  const lower = spelling.toLowerCase()
  ids.set(spelling, id)
  ids.set(lower, id)
  buckets[bucketOf(lower.length, lower.charCodeAt(0))]?.push({ id, lower })
}

for (const entry of names) {
  const [name = '', compact] = entry.replace(',', '').split('/')
  const id = canonical.push(name) - 1
  lists.push(entry.endsWith(','))
  learn(name, id)
  if (compact) learn(compact, id)
}

/** The id of a field name as a programmer writes it; 0 for a name not in the table. */
export const fieldId = (name: string): number => ids.get(name) ?? ids.get(name.toLowerCase()) ?? 0

/** The usual spelling of an id. */
export const fieldName = (id: number): string => canonical[id] ?? ''

/** Whether the values of this field are a comma-separated list (§7.3.1). */
export const isList = (id: number): boolean => lists[id] === true

/** The id of the name at `start`–`end` of a message's text; 0 for a name not in the table. */
export function fieldIdAt(text: string, start: number, end: number): number {
  const length = end - start
  const bucket = buckets[bucketOf(length, text.charCodeAt(start))]
  if (bucket === undefined) return 0
  for (const { id, lower } of bucket) if (lower.length === length && sameIgnoringCase(text, start, lower)) return id
  return 0
}

/** Whether the text at `start` is `lower`, in any case. `lower` is in lower case. */
export function sameIgnoringCase(text: string, start: number, lower: string): boolean {
  for (let index = 0; index < lower.length; index++) {
    const wanted = lower.charCodeAt(index)
    const found = text.charCodeAt(start + index)
    if (found !== wanted && !(wanted >= 97 && wanted <= 122 && (found | 32) === wanted)) return false
  }
  return true
}

export const VIA = fieldId('Via')
export const FROM = fieldId('From')
export const TO = fieldId('To')
export const CALL_ID = fieldId('Call-ID')
export const CSEQ = fieldId('CSeq')
export const CONTENT_LENGTH = fieldId('Content-Length')
export const MAX_FORWARDS = fieldId('Max-Forwards')
