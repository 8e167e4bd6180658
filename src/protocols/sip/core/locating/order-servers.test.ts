import { describe, expect, it } from 'vitest'
import { inOrder } from './order-servers.ts'

const srv = (target: string, priority: number, weight: number) => ({ target, priority, weight, port: 5060 })
const targets = (records: ReturnType<typeof inOrder>) => records.map(({ target }) => target)

/** Every value from 0 to 1 as often as any other. */
function evenly(steps: number): () => number {
  let step = 0
  return () => (step++ % steps) / steps
}

describe('the order of SRV records (RFC 2782)', () => {
  it('is by priority first, whatever the weights', () => {
    const records = [srv('third', 30, 100), srv('first', 10, 0), srv('second', 20, 50)]

    expect(targets(inOrder(records, () => 0.5))).toEqual(['first', 'second', 'third'])
  })

  it('draws those of equal priority by their weights', () => {
    const records = [srv('heavy', 1, 75), srv('light', 1, 25)]
    const random = evenly(1000)
    const draw = () => targets(inOrder(records, random))[0]
    const heavy = Array.from({ length: 500 }, draw).filter((target) => target === 'heavy').length

    expect(heavy).toBeGreaterThan(340)
    expect(heavy).toBeLessThan(410)
  })

  it('leaves a record of weight 0 a small chance', () => {
    const records = [srv('heavy', 1, 9), srv('spare', 1, 0)]

    expect(targets(inOrder(records, () => 0))).toEqual(['spare', 'heavy'])
    expect(targets(inOrder(records, () => 0.5))).toEqual(['heavy', 'spare'])
  })

  it('names each record once', () => {
    const records = Array.from({ length: 20 }, (_, index) => srv(`h${index}`, index % 3, index))

    expect(new Set(targets(inOrder(records, evenly(7)))).size).toBe(20)
  })
})
