/** Where strategies run: commands in, outcomes out, in order per session. A thread in production, the loop in simulation. */
import type { QuickJSWASMModule } from 'quickjs-emscripten'
import { type Command, type Outcome, StrategyHost } from './strategy-host.ts'

export interface Sandbox {
  run(command: Command): void
  close(): Promise<void>
}

export type OpenSandbox = (told: (outcome: Outcome) => void) => Promise<Sandbox>

/** In the loop of the caller: each outcome is told before `run` returns. A native bomb in a script would block it. */
export const inLoop =
  (module: QuickJSWASMModule): OpenSandbox =>
  async (told) => {
    const host = new StrategyHost(module)
    return {
      run(command) {
        const outcome = host.run(command)
        if (outcome) told(outcome)
      },
      async close() {
        host.dispose()
      },
    }
  }
