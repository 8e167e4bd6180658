/**
 * The SIP messages of a call as a capture file that Wireshark and sngrep open: libpcap format (microseconds, raw IP),
 * each message in a UDP datagram with headers made up for it, whatever carried it. An end without an address, a member
 * of the cluster on a link, has one that nobody routes: of RFC 2544 (IPv4), of RFC 3849 (IPv6).
 */
import { type Endpoint, endpointOf } from './endpoint.ts'
import type { TraceItem } from './trace.ts'

const magic = 0xa1b2c3d4
/** LINKTYPE_RAW: a packet begins with its IPv4 or IPv6 header. */
const rawIP = 101
const fileHeaderBytes = 24
const packetHeaderBytes = 16
const longest = 65_535
const UDP = 17
const udpBytes = 8
const usualPort = 5060

export function pcapOf(items: readonly TraceItem[]): Buffer {
  const messages = items.filter(({ kind }) => kind === 'sip')
  const ends = new Ends(messages)
  return Buffer.concat([fileHeader(), ...messages.flatMap((message) => packet(message, ends))])
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(fileHeaderBytes)
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(longest + 1, 16)
  header.writeUInt32LE(rawIP, 20)
  return header
}

function packet(message: TraceItem, ends: Ends): Buffer[] {
  const [from, to] = ends.of(message)
  const datagram = datagramOf(from, to, Buffer.from(message.text))
  const header = Buffer.alloc(packetHeaderBytes)
  header.writeUInt32LE(Math.floor(message.at / 1000), 0)
  header.writeUInt32LE((message.at % 1000) * 1000, 4)
  header.writeUInt32LE(datagram.length, 8)
  header.writeUInt32LE(datagram.length, 12)
  return [header, datagram]
}

/** The address of each end, the same one throughout the file. */
class Ends {
  private readonly known = new Map<string, Endpoint>()
  private readonly names: string[] = []

  constructor(messages: readonly TraceItem[]) {
    for (const { from, to, fromAddress, toAddress } of messages) {
      if (fromAddress !== undefined && !this.known.has(from)) this.known.set(from, endpointOf(fromAddress))
      if (toAddress !== undefined && !this.known.has(to)) this.known.set(to, endpointOf(toAddress))
    }
  }

  of({ from, to, fromAddress, toAddress }: TraceItem): [Endpoint, Endpoint] {
    const source = fromAddress === undefined ? this.known.get(from) : endpointOf(fromAddress)
    const destination = toAddress === undefined ? this.known.get(to) : endpointOf(toAddress)
    const size = Math.max(source?.bytes.length ?? 4, destination?.bytes.length ?? 4)
    return [asLong(source ?? this.madeUp(from, size), size), asLong(destination ?? this.madeUp(to, size), size)]
  }

  private madeUp(name: string, size: number): Endpoint {
    const index = this.names.indexOf(name)
    const number = index < 0 ? this.names.push(name) : index + 1
    const bytes = Buffer.alloc(size)
    if (size === 4) bytes.writeUInt32BE(0xc612_0000 + number)
    else bytes.writeUInt32BE(0x2001_0db8)
    if (size === 16) bytes.writeUInt32BE(number, 12)
    return { bytes, port: usualPort }
  }
}

/** RFC 4291 §2.5.5.2, where the other end has IPv6. */
const mapped = Buffer.from('00000000000000000000ffff', 'hex')
const asLong = ({ bytes, port }: Endpoint, size: number): Endpoint => ({
  bytes: bytes.length < size ? Buffer.concat([mapped, bytes]) : bytes,
  port,
})

/** What TCP carried may be longer than a datagram can be: the rest is left out. */
function datagramOf(from: Endpoint, to: Endpoint, message: Buffer): Buffer {
  const ipBytes = from.bytes.length === 4 ? 20 : 40
  const payload = message.subarray(0, longest - ipBytes - udpBytes)
  const length = udpBytes + payload.length
  const bytes = Buffer.alloc(ipBytes + length)
  if (from.bytes.length === 4) writeIPv4(bytes, from, to)
  else writeIPv6(bytes, from, to, length)
  bytes.writeUInt16BE(from.port, ipBytes)
  bytes.writeUInt16BE(to.port, ipBytes + 2)
  bytes.writeUInt16BE(length, ipBytes + 4)
  payload.copy(bytes, ipBytes + udpBytes)
  bytes.writeUInt16BE(udpChecksum(bytes.subarray(ipBytes), from, to), ipBytes + 6)
  return bytes
}

/** RFC 791 §3.1. */
function writeIPv4(bytes: Buffer, from: Endpoint, to: Endpoint): void {
  bytes[0] = 0x45
  bytes.writeUInt16BE(bytes.length, 2)
  // Don't fragment; time to live; protocol.
  bytes.writeUInt16BE(0x4000, 6)
  bytes[8] = 64
  bytes[9] = UDP
  from.bytes.copy(bytes, 12)
  to.bytes.copy(bytes, 16)
  bytes.writeUInt16BE(checksum(bytes.subarray(0, 20)), 10)
}

/** RFC 8200 §3. */
function writeIPv6(bytes: Buffer, from: Endpoint, to: Endpoint, length: number): void {
  bytes[0] = 0x60
  bytes.writeUInt16BE(length, 4)
  bytes[6] = UDP
  bytes[7] = 64
  from.bytes.copy(bytes, 8)
  to.bytes.copy(bytes, 24)
}

/** RFC 768 and RFC 8200 §8.1: over a pseudo-header as well; 0 would say that there is none. */
function udpChecksum(datagram: Buffer, from: Endpoint, to: Endpoint): number {
  const pseudo = Buffer.from([0, UDP, datagram.length >> 8, datagram.length & 0xff])
  return checksum(Buffer.concat([from.bytes, to.bytes, pseudo, datagram])) || 0xffff
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
