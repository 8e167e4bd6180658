/**
 * The only door to the world. A component reaches clocks, sockets, disks and randomness through the `Runtime` it is
 * given: `runtime/node/` adapts Node.js, `simulation/` runs whole clusters under a virtual clock, network and disk.
 */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  readonly dns: Dns
  readonly disk: Disk
}

export interface Timer {
  /** Harmless after the timer ran and when called twice. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds since an arbitrary start; never steps back. All durations and deadlines come from here. */
  monotonic(): number
  /** Milliseconds since 1970-01-01T00:00Z, for people and records only. */
  wall(): number
  /**
   * Milliseconds so far in which the event loop had something to do, waiting for a processor included: what it grows by
   * in a while, by the length of that, is how busy it was.
   */
  busy(): number
  /** Runs once, `ms` from now, at the precision of the timer wheel (20 ms on Node.js); never synchronously. */
  after(ms: number, run: () => void): Timer
  /** Runs at the end of this event-loop turn, after everything that is already due in it: the batching point. */
  turn(run: () => void): void
}

export interface Random {
  bytes(count: number): Buffer
  /** `count` random bytes as lower-case hex: tags, branches, tokens. */
  hex(count: number): string
}

/** `host` is always a numeric IPv4 or IPv6 literal without brackets. */
export type Address = { readonly host: string; readonly port: number }

export interface Net {
  /** Binds a UDP port; `port: 0` takes a free one, told by `UdpPort.local`. Throws `AddressInUse`, `CannotListen`. */
  udp(local: Address, receive: (bytes: Buffer, from: Address) => void): Promise<UdpPort>
  /** Listens for TCP connections; `port: 0` takes a free one. Throws `AddressInUse`, `CannotListen`. */
  listen(local: Address, accept: (connection: Connection) => void): Promise<Listener>
  /** Opens a TCP connection. Throws `ConnectFailed`. */
  connect(remote: Address): Promise<Connection>
  /** Reads certificates, for any number of connections. Throws `BadCertificate`. */
  credentials(pem: TlsPem): TlsCredentials
  /**
   * TLS 1.2 or newer over a connection that was just accepted or opened: call it in the turn in which that was given, and
   * use nothing but the result from then on. Rejects with `TlsFailed` when both sides do not agree within 10 s; the
   * connection is destroyed then.
   */
  secure(connection: Connection, end: TlsEnd): Promise<Connection>
}

/** Texts in PEM. */
export type TlsPem = {
  /** Ours, followed by those between it and its authority. */
  readonly certificate: string
  readonly key: string
  /** Whom to believe; the well-known authorities where there are none. */
  readonly authorities?: string | undefined
}

export interface TlsCredentials {
  /** What the certificate names, as `DNS:proxy.example, IP Address:192.0.2.1`; empty where it names nothing. */
  readonly subjectAltName: string
  /** Milliseconds since 1970 between which others take the certificate. */
  readonly validFrom: number
  readonly validTo: number
  /** No authority stands for it: who connects has to be told to believe it. */
  readonly selfSigned: boolean
  /** Whether an accepting end asks the other for a certificate: where it is told whom to believe. */
  readonly asksPeers: boolean
}

/** A client always insists on a certificate that it can believe; whether it names the right one is for its user to see. */
export type TlsEnd =
  | {
      readonly role: 'server'
      readonly credentials: TlsCredentials
      /** The other end is asked for no certificate, whoever may be believed: browsers then break off WebSockets. */
      readonly anonymous?: boolean
    }
  | {
      readonly role: 'client'
      readonly credentials?: TlsCredentials | undefined
      /** Sent to the server, so that it can choose its certificate (SNI): a name, no address. */
      readonly serverName?: string | undefined
    }

export interface UdpPort {
  readonly local: Address
  /** Best effort; the bytes may not be changed afterwards. */
  send(bytes: Buffer, to: Address): void
  close(): Promise<void>
}

export interface Connection {
  readonly local: Address
  readonly remote: Address
  /** What a certificate that we believe names at the other end (`subjectAltName`); undefined without one. */
  readonly verifiedPeer?: string | undefined
  /** Bytes written and not yet taken by the network: what back-pressure is decided by. */
  readonly queued: number
  /**
   * Sets the only receivers; call it in the turn in which the connection was given. `closed` runs once, never
   * synchronously, whoever closed it; no data comes after `end` or `destroy`.
   */
  receive(data: (bytes: Buffer) => void, closed: (error?: Error) => void): void
  /** Writes are gathered and leave at the end of the turn. */
  write(bytes: Buffer): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface Listener {
  readonly local: Address
  /** Takes no further connection; those open stay. */
  refuse(): void
  /** Closes the port and every connection accepted from it. */
  close(): Promise<void>
}

/** What name servers say. Nothing on a hot path asks: whoever does keeps the answers. */
export interface Dns {
  /**
   * The records of one type; none where the name, or the type of it, does not exist. Throws `NameServersFailed` when
   * none of the name servers answers in time, or none will.
   */
  query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>>
}

export type RecordType = keyof Records

/** The data of each type of record. Names are as they came, addresses numeric. */
export type Records = {
  readonly A: string
  readonly AAAA: string
  readonly SRV: SrvRecord
  readonly NAPTR: NaptrRecord
}

/** `ttl`: seconds the answer is good for; undefined where the name server's word does not reach us. */
export type DnsAnswer<T extends RecordType> = {
  readonly records: readonly Records[T][]
  readonly ttl: number | undefined
}

/** RFC 2782. */
export type SrvRecord = {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

/** RFC 3403 §4.1. */
type NaptrRecord = {
  readonly order: number
  readonly preference: number
  readonly flags: string
  readonly service: string
  readonly replacement: string
}

/**
 * Paths are as the operator gave them; directories are made when a file in them is written. What is written may throw
 * `DirectoryNotWritable` or, when the disk is full or broken, `DiskFailed`.
 */
export interface Disk {
  /** The whole file. Throws `FileNotFound`. */
  read(path: string): Promise<Buffer>
  /** `length` bytes from `offset`; fewer at the end of the file. Throws `FileNotFound`. */
  readAt(path: string, offset: number, length: number): Promise<Buffer>
  /** Replaces the file as a whole: after a crash it is the old or the new one. The last one asked for stays. */
  replace(path: string, bytes: Buffer, mode?: number): Promise<void>
  /** Opens for appending, at the end of what is there. Throws `DirectoryNotWritable`. */
  append(path: string): Promise<AppendFile>
  /** Names in a directory, sorted; none when it does not exist. */
  list(directory: string): Promise<string[]>
  size(path: string): Promise<number>
  /** Harmless when there is no such file. */
  remove(path: string): Promise<void>
}

export interface AppendFile {
  /** Where the next byte goes. */
  readonly position: number
  /** The bytes may not be changed afterwards. */
  append(bytes: Buffer): void
  /**
   * Resolves when everything appended before the call survives a power loss. Rejects with `DiskFailed`, now and ever
   * after, when a write failed.
   */
  sync(): Promise<void>
  /** Syncs, too, and rejects where that would. */
  close(): Promise<void>
}
