/** sngrep as a capture server: it takes HEP3, and writes what it was told to a capture file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from './process.ts'

export class Sngrep {
  private readonly folder = temporaryFolder('sngrep')
  private readonly process: PeerProcess
  private readonly file = join(this.folder.path, 'told.pcap')

  constructor(port: number) {
    this.process = new PeerProcess('sngrep', ['-F', '-N', '-L', `udp:127.0.0.1:${port}`, '-O', this.file])
  }

  /** Resolves when it knows of a dialog. */
  async told(): Promise<void> {
    await this.process.printed(/Dialog count: [1-9]/, 20_000)
  }

  /** Ends it, and gives the capture. */
  async capture(): Promise<Uint8Array> {
    await this.process.stop('SIGINT')
    return readFileSync(this.file)
  }

  async stop(): Promise<void> {
    await this.process.stop()
    this.folder.remove()
  }
}
