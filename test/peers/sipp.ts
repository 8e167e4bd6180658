/** SIPp 3.6: load and scripted peers. A run is bounded, its counters are read from its own statistics file. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from './process.ts'

export type SippOptions = {
  /** A file of test/peers/scenarios without its ending. */
  scenario: string
  /** Its own address; 127.0.0.1 unless given. */
  host?: string
  /** `127.0.0.1:5060`; servers need none. */
  remote?: string
  port: number
  calls?: number
  /** Calls per second. */
  rate?: number
  limit?: number
  /** Replaces `-key name value` in the scenario. */
  keys?: Record<string, string>
  /** Lines of the injection file; the scenario reads `[field0]`… one line a call. */
  lines?: readonly string[]
  /** Seconds after which the run is a failure. */
  timeout?: number
  rtpEcho?: boolean
  /** Notes how long each answer took that the scenario marks with `rtd`. */
  answerTimes?: boolean
  mediaPort?: number
  args?: readonly string[]
}

export type SippResult = {
  code: number | string
  successful: number
  failed: number
  retransmissions: number
  output: string
  /** ms of each answer, in their order; empty unless they were to be noted. */
  answerTimes: readonly number[]
}

export class Sipp {
  private readonly folder: { path: string; remove(): void }
  readonly process: PeerProcess

  constructor(o: SippOptions) {
    const scenario = join(process.cwd(), 'test/peers/scenarios', `${o.scenario}.xml`)
    if (!existsSync(scenario)) throw new Error(`there is no scenario ${scenario}`)
    this.folder = temporaryFolder(`sipp-${o.scenario}`)
    const { host = '127.0.0.1' } = o
    const args = ['-sf', scenario, '-i', host, '-p', String(o.port), '-nostdin', '-trace_stat', '-fd', '1']
    args.push('-trace_err', '-timeout', `${o.timeout ?? 60}s`, '-timeout_error', '-mi', host)
    if (o.calls !== undefined) args.push('-m', String(o.calls))
    if (o.rate !== undefined) args.push('-r', String(o.rate))
    if (o.limit !== undefined) args.push('-l', String(o.limit))
    if (o.mediaPort !== undefined) args.push('-mp', String(o.mediaPort))
    if (o.answerTimes) args.push('-trace_rtt', '-rtt_freq', '1')
    if (o.rtpEcho) args.push('-rtp_echo')
    for (const [name, value] of Object.entries(o.keys ?? {})) args.push('-key', name, value)
    if (o.lines) {
      const file = join(this.folder.path, 'lines.csv')
      writeFileSync(file, `SEQUENTIAL\n${o.lines.join('\n')}\n`)
      args.push('-inf', file)
    }
    args.push(...(o.args ?? []))
    if (o.remote) args.push(o.remote)
    this.process = new PeerProcess('sipp', args, { cwd: this.folder.path })
  }

  /** Runs a client scenario to its end. */
  static async run(options: SippOptions): Promise<SippResult> {
    const sipp = new Sipp(options)
    try {
      return await sipp.finished()
    } finally {
      await sipp.stop()
    }
  }

  async finished(): Promise<SippResult> {
    const code = await this.process.ended()
    return { code, ...this.counters(), output: this.output, answerTimes: this.answerTimes() }
  }

  /** What it complained of and printed, for whoever asks why. */
  get output(): string {
    return `${this.errors()}\n${this.process.tail()}`
  }

  /** What the statistics file says so far. */
  counters(): { successful: number; failed: number; retransmissions: number } {
    const file = readdirSync(this.folder.path).find((name) => /_\.csv$/.test(name) || /^.*\d+_?\.csv$/.test(name))
    const rows = file ? readFileSync(join(this.folder.path, file), 'utf8').trim().split('\n') : []
    const names = (rows[0] ?? '').split(';')
    const values = (rows.length > 1 ? (rows.at(-1) ?? '') : '').split(';')
    const of = (name: string) => Number(values[names.indexOf(name)] ?? 0)
    return {
      successful: of('SuccessfulCall(C)'),
      failed: of('FailedCall(C)'),
      retransmissions: of('Retransmissions(C)'),
    }
  }

  private errors(): string {
    return this.file('_errors.log').slice(0, 4000)
  }

  private answerTimes(): number[] {
    const [, ...rows] = this.file('_rtt.csv').trim().split('\n')
    return rows.map((row) => Number(row.split(';')[1]))
  }

  private file(ending: string): string {
    const file = readdirSync(this.folder.path).find((name) => name.endsWith(ending))
    return file ? readFileSync(join(this.folder.path, file), 'utf8') : ''
  }

  async stop(): Promise<void> {
    await this.process.stop()
    this.folder.remove()
  }
}
