import { describe, expect, it } from 'vitest'
import { NodeCallers, type Second } from '#simulation/busy-nodes.ts'

const total = (seconds: readonly Second[], what: keyof Second) => seconds.reduce((sum, second) => sum + second[what], 0)

describe('a SIP Server node, when more comes than it can do (RFC 7339)', () => {
  it('has its proxies keep most of it back, and does what it can', async () => {
    const callers = await NodeCallers.start(50)

    const steady = (await callers.call(30, 100)).slice(10)

    expect(total(steady, 'done') / 20).toBeGreaterThan(42)
    expect(Math.min(...steady.map(({ done }) => done))).toBeGreaterThan(25)
    expect(total(steady, 'byNodes')).toBeLessThan(total(steady, 'refused') / 3)
  })

  it('leaves to another node what that one can do', async () => {
    const callers = await NodeCallers.start(50, 200)

    const steady = (await callers.call(30, 150)).slice(10)

    expect(total(steady, 'done') / 20).toBeGreaterThan(135)
    expect(total(steady, 'refused') / 20).toBeLessThan(15)
  })

  it('gets all calls again two seconds after there are fewer', async () => {
    const callers = await NodeCallers.start(50)
    await callers.call(20, 100)

    const after = await callers.call(20, 40)

    expect(total(after, 'refused')).toBeLessThan(20)
    expect(total(after.slice(2), 'refused')).toBe(0)
  })

  it('does not have callers make room for all that a dialler asks for, which no proxy keeps back', async () => {
    const callers = await NodeCallers.start(50)

    const steady = (await callers.call(30, 20, 3)).slice(10)

    expect(total(steady, 'done') / 20).toBeGreaterThan(3)
  })
})
