/** The trace of a process as a component, so that it ends after everybody who writes to it. */
import { Type } from 'typebox'
import { type Context, defineComponent, type Running } from '#platform/component/component.ts'
import { CaptureAgent } from '#platform/trace/capture-agent.ts'
import { type DiskTrace, openDiskTrace } from '#platform/trace/disk-trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'

const Config = Type.Object(
  { directory: Type.String({ minLength: 1, description: 'ladders are kept here, as the settings say how long' }) },
  { additionalProperties: false },
)

export interface RunningTrace extends Running {
  readonly trace: DiskTrace
}

export const diskTrace = (configuration: ConfigurationSource) =>
  defineComponent({
    name: 'trace',
    config: Config,
    async start({ runtime, log, metrics, config }: Context<{ directory: string }>): Promise<RunningTrace> {
      const settings = () => configuration.current().settings
      const masking = () => ({ digits: settings().maskDigits })
      const agent = new CaptureAgent({ runtime, log, masking })
      const useServer = () => {
        const { captureServer: address, captureAgent } = settings()
        return agent.use(address === undefined ? undefined : { address, agent: captureAgent })
      }
      await useServer()
      const trace = await openDiskTrace({
        runtime,
        log,
        metrics,
        directory: config.directory,
        retention: () => ({ days: settings().ladderDays, megabytes: settings().ladderMegabytes }),
        budget: () => 1000 * settings().ladderKilobytesPerSecond,
        masking,
        copy: (at, from, to, bytes) => agent.message(at, from, to, bytes),
        // Of a call's events the ladder has those on devices: the last one carries the ending.
        ends: (text) => text.includes('"Ending":{'),
      })
      const watch = configuration.changed(() => void useServer())
      return {
        trace,
        health: () => ({ status: 'ok', reasons: [] }),
        drain: async () => {},
        async stop() {
          watch.cancel()
          await trace.close()
          await agent.use(undefined)
        },
      }
    },
  })
