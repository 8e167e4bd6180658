/** `npm run fuzz [seconds]`: mutants for ten minutes unless told; what breaks a rule is kept, and the exit code is 1. */
import { randomInt } from 'node:crypto'
import { Stream } from '#simulation/stream.ts'
import { hunt, keep } from './hunt.ts'

const seconds = Number(process.argv[2] ?? 600)
const seed = randomInt(0x7fff_ffff)
const random = new Stream(seed, 'fuzz')
const batch = 1000
const end = performance.now() + seconds * 1000
console.log(`fuzzing for ${seconds} s with seed ${seed}`)
let tried = 0
let failures = 0
while (performance.now() < end) {
  const failure = hunt(random, batch)
  tried += batch
  if (failure === undefined) continue
  failures++
  console.error(`${keep(failure)}:`, failure.error)
}
console.log(`${tried} inputs, ${failures} failures`)
process.exitCode = failures === 0 ? 0 : 1
