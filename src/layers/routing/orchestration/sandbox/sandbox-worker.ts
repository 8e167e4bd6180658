/** The thread of `threaded.ts`: a strategy host behind its message port. */
import { parentPort } from 'node:worker_threads'
import { newQuickJSWASMModule } from 'quickjs-emscripten'
import { type Command, StrategyHost } from './strategy-host.ts'

const host = new StrategyHost(await newQuickJSWASMModule())

parentPort?.on('message', (commands: readonly Command[]) => {
  const outcomes = commands.map((command) => host.run(command)).filter((outcome) => outcome !== undefined)
  parentPort?.postMessage({ done: commands.length, outcomes })
})
parentPort?.postMessage({ done: 0, outcomes: [] })
