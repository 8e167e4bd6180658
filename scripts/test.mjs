// `npm test`: the peers that are missing, everything `npm run check` does, and every test, whose proofs docs/interop.md
// tells of. Last line: N passed, N failed.
import { installPeers } from './peers.mjs'
import { run } from './steps.mjs'

const steps = [
  () => installPeers(),
  () => run('no stale build', 'node', ['scripts/clean.mjs']),
  () => run('format and lint', 'npx', ['biome', 'check', '.']),
  () => run('types and build', 'npx', ['tsc', '-b']),
]
for (const step of steps) {
  const status = step()
  if (status !== 0) {
    console.log('0 passed, 1 failed')
    process.exit(status)
  }
}
const reporters = ['default', './scripts/tally.mjs', './dist/test/rig/interop/reporter.js']
const options = reporters.map((reporter) => `--reporter=${reporter}`)
process.exit(run('every test', 'npx', ['vitest', 'run', ...options]))
