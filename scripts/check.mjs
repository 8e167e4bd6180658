// `npm run check`: format, lint, types, dependency rule and unit tests; needs nothing but `npm ci`.
import { run } from './steps.mjs'

const steps = [
  ['no stale build', 'node', ['scripts/clean.mjs']],
  ['format and lint', 'npx', ['biome', 'check', '.']],
  ['types and build', 'npx', ['tsc', '-b']],
  ['unit tests and the dependency rule', 'npx', ['vitest', 'run', '--project', 'unit', ...process.argv.slice(2)]],
]
for (const [purpose, command, args] of steps) {
  const status = run(purpose, command, args)
  if (status !== 0) process.exit(status)
}
