/** The UDP ports of legs, as the engine uses them: Runtime's where it runs in a loop of ours, its own in a thread. */
export interface RtpSocket {
  /** The packet may be written again as soon as this returns; one that cannot leave is lost. */
  send(packet: Buffer, port: number, host: string): void
  close(): Promise<void>
}

export type Receive = (packet: Buffer, host: string, port: number) => void

export interface Sockets {
  /** Rejects where the port is taken. */
  bind(host: string, port: number, receive: Receive): Promise<RtpSocket>
}
