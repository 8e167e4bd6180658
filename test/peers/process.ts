/** A foreign program under test control: started with its own folder, its output kept, killed at the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type PeerOptions = {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** `ignore`: what it prints there is no part of its output. */
  readonly stderr?: 'pipe' | 'ignore'
  /** `pipe`: for whoever types commands. */
  readonly stdin?: 'pipe' | 'ignore'
}

export class PeerProcess {
  readonly child: ChildProcess
  readonly name: string
  output = ''
  private readonly waiting = new Set<() => void>()

  constructor(command: string, args: readonly string[], options: PeerOptions = {}) {
    this.name = command
    const { stdin = 'ignore', stderr = 'pipe', ...others } = options
    this.child = spawn(command, args, { ...others, stdio: [stdin, 'pipe', stderr] })
    const take = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString('latin1')).slice(-400_000)
      for (const check of this.waiting) check()
    }
    this.child.stdout?.on('data', take)
    this.child.stderr?.on('data', take)
    this.child.once('error', (error) => take(Buffer.from(`\ncannot run ${command}: ${error.message}\n`)))
    this.child.once('close', () => {
      for (const check of this.waiting) check()
    })
  }

  /** Resolves when the output, from there on, matches; rejects when the program ends first or `ms` have passed. */
  printed(pattern: RegExp, ms = 10_000, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (run: () => void) => {
        this.waiting.delete(check)
        clearTimeout(timer)
        run()
      }
      const fail = (why: string) =>
        finish(() => reject(new Error(`${this.name} ${why} before printing ${pattern}; it printed:\n${this.tail()}`)))
      const check = () => {
        const match = pattern.exec(this.output.slice(from))
        if (match) finish(() => resolve(match))
        else if (this.child.exitCode !== null || this.child.signalCode !== null) fail('ended')
      }
      const timer = setTimeout(() => fail(`ran ${ms} ms`), ms)
      this.waiting.add(check)
      check()
    })
  }

  tail(): string {
    return this.output.slice(-4000)
  }

  /** Resolves with the exit code, or the signal's name. */
  async ended(): Promise<number | string> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close')
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown'
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return
    this.child.kill(signal)
    await this.ended()
  }
}

/** A folder that exists for one test. */
export function temporaryFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `ringmain-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
