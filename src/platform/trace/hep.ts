/**
 * HEP3 (the Homer Encapsulation Protocol, EEP): how a capture server is told of a SIP message that passed elsewhere. One
 * datagram: `HEP3`, its length, then chunks of vendor, type, length and value.
 */
import type { Endpoint } from './endpoint.ts'

export type Captured = {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly reliable: boolean
  /** Wall-clock ms. */
  readonly at: number
  /** Who tells. */
  readonly agent: number
  readonly message: Buffer
}

const headerBytes = 6
const chunkHeaderBytes = 6
/** Beyond it the datagram would not leave: the rest of the message is left out. */
const longestMessage = 65_000

const IP_FAMILY = 1
const IP_PROTOCOL = 2
const SOURCE_IPV4 = 3
const DESTINATION_IPV4 = 4
const SOURCE_IPV6 = 5
const DESTINATION_IPV6 = 6
const SOURCE_PORT = 7
const DESTINATION_PORT = 8
const SECONDS = 9
const MICROSECONDS = 10
const PROTOCOL = 11
const AGENT = 12
const PAYLOAD = 15

const SIP = 1
const TCP = 6
const UDP = 17
const AF_INET = 2
const AF_INET6 = 10

export function hepDatagram({ from, to, reliable, at, agent, message }: Captured): Buffer {
  const isIPv4 = from.bytes.length === 4
  const payload = message.subarray(0, longestMessage)
  const datagram = Buffer.alloc(headerBytes + 11 * chunkHeaderBytes + 2 * from.bytes.length + 19 + payload.length)
  datagram.write('HEP3', 'latin1')
  datagram.writeUInt16BE(datagram.length, 4)
  let end = headerBytes
  const number = (type: number, value: number, size: number) => {
    end = chunk(datagram, end, type, size)
    datagram.writeUIntBE(value, end - size, size)
  }
  const bytes = (type: number, value: Buffer) => {
    end = chunk(datagram, end, type, value.length)
    value.copy(datagram, end - value.length)
  }
  number(IP_FAMILY, isIPv4 ? AF_INET : AF_INET6, 1)
  number(IP_PROTOCOL, reliable ? TCP : UDP, 1)
  bytes(isIPv4 ? SOURCE_IPV4 : SOURCE_IPV6, from.bytes)
  bytes(isIPv4 ? DESTINATION_IPV4 : DESTINATION_IPV6, to.bytes)
  number(SOURCE_PORT, from.port, 2)
  number(DESTINATION_PORT, to.port, 2)
  number(SECONDS, Math.floor(at / 1000), 4)
  number(MICROSECONDS, (at % 1000) * 1000, 4)
  number(PROTOCOL, SIP, 1)
  number(AGENT, agent, 4)
  bytes(PAYLOAD, payload)
  return datagram
}

/** The header of a chunk; gives where its value ends. Vendor 0: one of the protocol's own types. */
function chunk(datagram: Buffer, offset: number, type: number, size: number): number {
  datagram.writeUInt16BE(type, offset + 2)
  datagram.writeUInt16BE(chunkHeaderBytes + size, offset + 4)
  return offset + chunkHeaderBytes + size
}
