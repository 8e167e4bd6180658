/**
 * Links between components of the cluster (architecture §11): frames over TCP, each a 4-byte big-endian length and its
 * bytes; first a hello of each side, then heartbeats and the users' frames. What a frame says is its users' business.
 */

/** Who is at one end. `instance` is new with each start of the program; `epoch` orders the instances of one name. */
export type Hello = {
  /** What the link is for: `node-proxy`, `proxy-mesh`, `node-mesh`, `sip`, `configuration`. */
  readonly kind: string
  readonly name: string
  readonly dc: string
  readonly instance: string
  readonly epoch: number
}

/** An established link. */
export interface Link {
  readonly peer: Hello
  /** Bytes not yet taken by the network. */
  readonly queued: number
  /** False when the link is closed, or closed now because its peer does not read. The bytes may not be changed afterwards. */
  send(frame: Buffer): boolean
  close(): void
}

/** Who uses a link; told in order, never from inside `send` or `close`. */
export interface LinkUser {
  frame(bytes: Buffer): void
  /** Once, whoever closed it. */
  closed(): void
}

/** Both hellos have been exchanged: who uses the link from now on; undefined refuses the peer, and the link is closed. */
export type Opened = (link: Link) => LinkUser | undefined
