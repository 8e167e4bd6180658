/** The UDP ports of legs, as the engine uses them: Runtime's where it runs in a loop of ours, its own in a thread. */
export interface RtpSocket {
  /** The packet may be written again as soon as this returns; one that cannot leave is lost. */
  send(packet: Buffer, port: number, host: string): void
  close(): Promise<void>
}

/** Bytes the kernel keeps for a port: without them it drops packets of a burst while a tick runs. */
export const receiveBuffer = 256 * 1024

/** The packet is only valid during the call; it may be written. */
export type Receive = (packet: Buffer, host: string, port: number) => void

export interface Sockets {
  /** Rejects with `AddressInUse`, `CannotListen`. Port 0 is any that is free. */
  bind(host: string, port: number, receive: Receive): Promise<RtpSocket>
}

/** One port at all addresses; a packet leaves by the one of its version of IP. Rejects as `bind` does at any. */
export async function bindAll(
  sockets: Sockets,
  hosts: readonly string[],
  port: number,
  receive: Receive,
): Promise<RtpSocket> {
  const [first = '', second] = hosts
  const one = await sockets.bind(first, port, receive)
  if (second === undefined) return one
  const other = await sockets.bind(second, port, receive).catch(async (error: unknown) => {
    await one.close()
    throw error
  })
  const [ipv4, ipv6] = first.includes(':') ? [other, one] : [one, other]
  return {
    send: (packet, to, host) => (host.includes(':') ? ipv6 : ipv4).send(packet, to, host),
    close: async () => void (await Promise.all([one.close(), other.close()])),
  }
}
