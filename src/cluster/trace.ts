/** The trace of a process as a component, so that it ends after everybody who writes to it. */
import { Type } from 'typebox'
import { type Context, defineComponent, type Running } from '#platform/component/component.ts'
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
      const retention = () => {
        const { ladderDays, ladderMegabytes } = configuration.current().settings
        return { days: ladderDays, megabytes: ladderMegabytes }
      }
      // Of a call's events the ladder has those on devices: the last one carries the ending.
      const ends = (text: string) => text.includes('"Ending":{')
      const budget = () => 1000 * configuration.current().settings.ladderKilobytesPerSecond
      const masking = () => ({ digits: configuration.current().settings.maskDigits })
      const { directory } = config
      const trace = await openDiskTrace({ runtime, log, metrics, directory, retention, budget, masking, ends })
      return {
        trace,
        health: () => ({ status: 'ok', reasons: [] }),
        drain: async () => {},
        stop: () => trace.close(),
      }
    },
  })
