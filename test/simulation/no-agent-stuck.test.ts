/**
 * Ten thousand calls through a whole data centre under virtual time, with agents and callers who do whatever they like.
 * `SEED` and `CALLS` in the environment run another life.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Shift } from '#simulation/people/shift.ts'

const seed = Number(process.env.SEED ?? 20260101)
const strategy = readFileSync(new URL('../../../examples/strategies/queue.scxml', import.meta.url), 'utf8')
const calls = Number(process.env.CALLS ?? 10_000)

describe(`a data centre after ${calls} calls with random hang-ups, rejects and vanishing phones (seed ${seed})`, () => {
  it('has no agent stuck, no call left, and one complete interaction for each call', async () => {
    const shift = await Shift.begin({ seed, agents: 20, callEvery: 250, strategy })

    await shift.calls(calls)
    await shift.settle()
    const answered = await shift.everybodyTalks()
    await shift.settle()
    const found = await shift.found()

    console.log(JSON.stringify(shift.summary()))
    expect(answered.missing, `seed ${seed}`).toEqual([])
    expect(found, `seed ${seed}`).toEqual({ violations: [], left: {}, interactions: [] })
    await shift.end()
  })
})
