/**
 * What a call's ladder is made of, as the components that see it hand it over: SIP messages as they stood on the wire,
 * T-Library events, routing decisions. Handing over costs an append; reading pays for the search. `disk-trace.ts`
 * keeps it on disk with its retention.
 */

export interface Trace {
  /** Whether messages with this Call-ID are traced now: asked where their bytes have yet to be made. */
  follows(message: { readonly callID: string }): boolean
  /** A SIP message between two ends: `node1.dc1` over a link, `192.0.2.7:5060`, or both: `proxy1.dc1 [2001:db8::1]:5060`. */
  message(from: string, to: string, bytes: Buffer): void
  /** Something else that belongs to a call: one line or a JSON text, or the bytes of it. */
  note(callUUID: string, kind: 'event' | 'routing', from: string, to: string, text: string | Buffer): void
  /** From now on and before: messages with this Call-ID belong to this call. */
  belongs(callID: string, callUUID: string): void
}

export type TraceItem = {
  /** Wall-clock ms. */
  readonly at: number
  /** `gap`: not traced, or not all of it; its text says what. */
  readonly kind: 'sip' | 'event' | 'routing' | 'gap'
  /** A name; the address of who has none. */
  readonly from: string
  readonly to: string
  /** Of SIP messages, where it is known: `192.0.2.7:5060`, `[2001:db8::1]:5060`. */
  readonly fromAddress?: string
  readonly toAddress?: string
  readonly text: string
}

export interface TraceReader {
  /** Everything kept of one call, in order of time; `callUUID` is a UUIDv7, whose time says where to begin. */
  read(callUUID: string): Promise<TraceItem[]>
}

/** Keeps nothing: for tests that do not look at ladders. */
export const noTrace: Trace = { follows: () => false, message() {}, note() {}, belongs() {} }
