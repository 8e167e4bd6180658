/** Wireshark's dissectors on a capture file: one row a packet, the fields asked for as it prints them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from './process.ts'

export async function tshark(capture: Uint8Array, fields: readonly string[], filter = ''): Promise<string[][]> {
  const folder = temporaryFolder('tshark')
  try {
    const file = join(folder.path, 'call.pcap')
    writeFileSync(file, capture)
    const asked = fields.flatMap((field) => ['-e', field])
    // Every port counts as SIP: the phones of tests have none of the usual ones.
    const as = ['-d', 'udp.port==1-65535,sip', '-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE']
    const options = ['-r', file, ...as, ...(filter === '' ? [] : ['-Y', filter]), '-T', 'fields', ...asked]
    const shark = new PeerProcess('tshark', options, { stderr: 'ignore' })
    const code = await shark.ended()
    if (code !== 0) throw new Error(`tshark exited ${code}:\n${shark.tail()}`)
    return shark.output.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')]))
  } finally {
    folder.remove()
  }
}
