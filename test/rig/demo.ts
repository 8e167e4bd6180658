/** The product as a user starts it: `ringmain demo` in a process of its own, on ports and a data directory of its own. */
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from '../peers/process.ts'
import { ApiClient } from './api.ts'
import { demoPorts } from './ports.ts'

/** The proxies, in the order of the contract. */
export const proxies = {
  dc1: [`127.0.0.1:${demoPorts.sip}`, `127.0.0.1:${demoPorts.sip + 10}`],
  dc2: [`127.0.0.1:${demoPorts.sip + 20}`, `127.0.0.1:${demoPorts.sip + 30}`],
} as const

/** The first one of dc1, where the demo was started with `--ipv6`. */
export const proxyOnIPv6 = `[::1]:${demoPorts.sip}`

export type DemoOptions = {
  /** SIMULATED callers and robots; none unless wanted. */
  traffic?: boolean
  /** Objects files to apply once it runs, paths from the package root. */
  apply?: readonly string[]
  /** More options of `ringmain demo`. */
  args?: readonly string[]
  /** Options of Node.js, e.g. `--expose-gc`. */
  nodeArgs?: readonly string[]
  /** An existing data directory, to go on with its data; it is not removed. */
  data?: string
}

export class Demo {
  readonly process: PeerProcess
  readonly data: string
  private readonly folder: { path: string; remove(): void } | undefined

  private constructor({ traffic = false, args = [], nodeArgs = [], data }: DemoOptions) {
    this.folder = data === undefined ? temporaryFolder('demo') : undefined
    this.data = data ?? join(this.folder?.path ?? '', 'data')
    const ports = Object.entries(demoPorts).flatMap(([name, port]) => [`--${name}`, String(port)])
    const cli = join(process.cwd(), 'dist/src/cluster/cli.js')
    const own = ['demo', ...(traffic ? [] : ['--no-traffic']), '--data', this.data, ...ports, ...args]
    this.process = new PeerProcess('node', ['--enable-source-maps', ...nodeArgs, cli, ...own])
  }

  /** Resolves when it has said `ringmain ready` and the objects are applied. */
  static async start(options: DemoOptions = {}): Promise<Demo> {
    const demo = new Demo(options)
    try {
      await demo.process.printed(/^ringmain ready$/m, 90_000)
      for (const file of options.apply ?? []) await demo.ringmain(['config', 'apply', file])
      return demo
    } catch (error) {
      await demo.stop()
      throw error
    }
  }

  /** A session at the API of a DC; by default as the administrator. */
  signIn(username = '1000', dc: 1 | 2 = 1): Promise<ApiClient> {
    return ApiClient.signIn(`http://127.0.0.1:${demoPorts.http + dc - 1}`, username)
  }

  /** Runs a command of the CLI against it; rejects, with what it printed, unless it exits 0. */
  async ringmain(args: readonly string[]): Promise<string> {
    const cli = join(process.cwd(), 'dist/src/cluster/cli.js')
    const command = new PeerProcess('node', [cli, ...args, '--url', `http://127.0.0.1:${demoPorts.http}`], {
      env: { ...process.env, RINGMAIN_DATA: this.data },
    })
    const code = await command.ended()
    if (code !== 0) throw new Error(`ringmain ${args.join(' ')} exited ${code}:\n${command.tail()}`)
    return command.output
  }

  /** Ctrl-C; resolves with the exit code. */
  async interrupt(): Promise<number | string> {
    this.process.child.kill('SIGINT')
    return this.process.ended()
  }

  async stop(): Promise<void> {
    await this.process.stop('SIGKILL')
    this.folder?.remove()
  }
}
