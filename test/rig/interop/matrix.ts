/** The interop matrix: the foreign programs, what each may show of us, how a test declares that it does, and why none does. */

export const features = ['register', 'call', 'hold', 'transfer', 'DTMF', 'TLS', 'SRTP', 'IPv6'] as const
export type Feature = (typeof features)[number]

export const peers = {
  baresip: 'a phone, and a caller over the trunk',
  Twinkle: 'a phone with two lines',
  SIPp: 'scripted phones and carriers',
  Kamailio: 'a provider that demands digest, and a Session Border Controller in front',
  JsSIP: 'a phone in a browser, over secure WebSocket (RFC 7118)',
  sipsak: 'a probe: OPTIONS and REGISTER',
} as const
export type Peer = keyof typeof peers

type Claim = { readonly peer: Peer; readonly features: readonly Feature[] }

declare module 'vitest' {
  interface TaskMeta {
    /** Cells of the matrix that say "works" when the test passes. */
    proves?: Claim
  }
}

/** Options of a test that fills cells of the matrix. The page's test reads them in the source: give them as literals. */
export const proves = (peer: Peer, ...features: readonly Feature[]) => ({ meta: { proves: { peer, features } } })

/** `not available yet`: we lack it; `–`: the peer does, or nothing of it comes by there. With a proof it holds in part. */
type Gap = { readonly status: 'not available yet' | '–'; readonly reason: string }

const noMedia = { status: '–', reason: 'no media comes by it' } as const
const noCalls = { status: '–', reason: 'it holds no conversation' } as const
const plainRtp = 'between two such phones, media `direct`; our media servers know no DTLS'

export const gaps: { readonly [P in Peer]: { readonly [F in Feature]?: Gap } } = {
  baresip: {},
  Twinkle: {
    TLS: { status: '–', reason: 'it has UDP and TCP' },
    SRTP: { status: '–', reason: 'Debian’s is built without ZRTP, its only way' },
    IPv6: { status: '–', reason: 'it has IPv4' },
  },
  SIPp: {
    TLS: { status: '–', reason: 'Debian’s is built without' },
    SRTP: { status: '–', reason: 'Debian’s is built without' },
  },
  Kamailio: {
    hold: { status: '–', reason: 'a proxy holds nobody' },
    transfer: { status: '–', reason: 'a proxy transfers nobody' },
    DTMF: noMedia,
    SRTP: noMedia,
  },
  JsSIP: {
    call: { status: 'not available yet', reason: `WebRTC, ${plainRtp}: 488` },
    transfer: {
      status: '–',
      reason:
        'heard only after some seconds: the browser that we ask for an offer does not begin ICE anew, and keeps to its former path until that is dead',
    },
    DTMF: {
      status: 'not available yet',
      reason: 'by INFO, from phone to phone: it cannot call a menu, since our media servers know no DTLS',
    },
    SRTP: { status: 'not available yet', reason: `keys by DTLS, ${plainRtp}` },
  },
  sipsak: {
    call: noCalls,
    hold: noCalls,
    transfer: noCalls,
    DTMF: noCalls,
    TLS: { status: '–', reason: 'gives up where TLS 1.3 begins with a session ticket' },
    SRTP: noCalls,
    IPv6: { status: '–', reason: 'takes no such address' },
  },
}
