/** What proxies tell each other over a mesh link. */
import type { Delta } from './registrations.ts'

/** Each part is there when it is new: everything at the begin of a link, then what changed. */
export type News = {
  /** Nodes the sender has a link to. */
  readonly nodes?: readonly string[]
  readonly bindings?: readonly Delta[]
}

/** Addresses-of-record in one frame: far below the longest frame, whatever they hold. */
export const deltasPerFrame = 100
