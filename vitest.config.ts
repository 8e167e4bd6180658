import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The simulation needs the longest and waits for nobody: it begins first, and what else runs beside it. */
class SimulationFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const sorted = await super.sort(files)
    const isSimulation = ({ moduleId }: TestSpecification) => moduleId.includes('/test/simulation/')
    return [...sorted.filter(isSimulation), ...sorted.filter((file) => !isSimulation(file))]
  }
}

/**
 * Tests run on the build: sources and tests compile to dist. `unit` needs nothing installed and shares its processes among
 * files, as nothing of ours is global; `peers` needs real programs, two files at a time, each on ports of its own
 * (test/rig/ports.ts); `load` measures what a busy machine would spoil, and runs alone.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: SimulationFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['dist/src/**/*.test.js', 'dist/test/*.test.js'],
          testTimeout: 20_000,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'peers',
          include: ['dist/test/{call-flows,failover,interop,simulation,command}/**/*.test.js'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'load',
          include: ['dist/test/load/**/*.test.js'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
