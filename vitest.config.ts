import { defineConfig } from 'vitest/config'

/** Tests run on the build: sources and tests compile to dist. `unit` needs nothing installed, `peers` real programs. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['dist/src/**/*.test.js', 'dist/test/*.test.js'], testTimeout: 20_000 } },
      {
        test: {
          name: 'peers',
          include: ['dist/test/{call-flows,failover,interop,simulation,command}/**/*.test.js'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
