import { tmpdir } from 'node:os'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { World } from '#simulation/world.ts'
import { mediaServerConformance, type Stage, stageIn } from './media-server.conformance.ts'
import { threaded } from './rtp/threaded.ts'

mediaServerConformance('in the loop of a virtual world', async () => stageIn(new World()))
mediaServerConformance('in threads', async () => realStage())

function realStage(): Stage {
  const runtime = nodeRuntime()
  const folder = `${tmpdir()}/ringmain-prompts-${runtime.random.hex(4)}`
  const later = () => new Promise<void>((resolve) => void runtime.clock.after(20, resolve))
  return {
    server: runtime,
    phones: runtime,
    openWorker: threaded(runtime.clock),
    gap: 1,
    folder,
    async until(condition) {
      while (!condition()) await later()
    },
    complete: (promise) => promise,
    async close() {
      for (const file of await runtime.disk.list(folder)) await runtime.disk.remove(`${folder}/${file}`)
      await runtime.close()
    },
  }
}
