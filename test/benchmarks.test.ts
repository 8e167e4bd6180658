// How benchmarks are judged and told of; that docs/benchmarks.md is what was recorded.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Figures } from '../bench/bench.ts'
import { documentOf, documentPath } from '../bench/document.ts'
import { medianOf } from '../bench/median.ts'
import { readRecords, recordOf, regressionIn } from '../bench/recorded.ts'

const figures = (value: number, ratio?: number): Figures => ({
  value,
  unit: 'CPU ms per call',
  ...(ratio !== undefined && { ratio, peer: { name: 'Kamailio', value: value / ratio } }),
  details: { offeredPerSecond: 4000, memoryMB: 90 },
})

describe('the median of runs', () => {
  it('is the run in the middle by its ratio, by its value where it has none', () => {
    const [slow, middle, fast] = [figures(1, 1.9), figures(3, 1.5), figures(2, 1.1)]

    expect(medianOf([slow, middle, fast])).toBe(middle)
    expect(medianOf([3, 1, 2].map((value) => figures(value))).value).toBe(2)
  })

  it('means nothing where one run means nothing', () => {
    expect(medianOf([figures(1), { ...figures(2), invalid: 'calls failed' }, figures(3)]).invalid).toBe('calls failed')
  })
})

describe('the check', () => {
  it.each([
    ['as good as recorded', 1.5, undefined],
    ['worse by less than a tenth', 1.64, undefined],
    ['worse by more than a tenth', 1.66, 'ratio 1.66 is worse than the recorded 1.5 by more than a tenth'],
  ])('judges a ratio that is %s', (_what, ratio, fault) => {
    expect(regressionIn(figures(1, ratio), { ratio: 1.5 })).toBe(fault)
  })

  it('does not judge what has no peer, or was never recorded', () => {
    expect([regressionIn(figures(9), { ratio: 1.5 }), regressionIn(figures(9, 9), undefined)]).toEqual([
      undefined,
      undefined,
    ])
  })
})

describe('docs/benchmarks.md', () => {
  it('is what bench/recorded.json says', () => {
    expect(readFileSync(documentPath, 'utf8')).toBe(documentOf(readRecords()))
  })

  it('tells where the time goes of a goal that is not met, and of no other', () => {
    const machine = { processor: 'EPYC', cores: 2, memoryGB: 24, kernel: '6.1', node: 'v20.19.0', peers: '' }
    const of = (ratio: number) =>
      documentOf({ proxy: recordOf('a call', { runs: 3, day: '2026-11-28', machine, figures: figures(0.1, ratio) }) })

    expect(of(1.5)).toMatch(/- \*\*Stateful proxy\*\* \(`proxy`\)\. \S/)
    expect(of(1.1)).not.toContain('Where the time goes')
  })

  it('tells figures, peer, ratio, command, day, machine and versions', () => {
    const peers = 'Kamailio 5.6.3, SIPp 3.6.1'
    const machine = { processor: 'EPYC', cores: 2, memoryGB: 24, kernel: '6.1', node: 'v20.19.0', peers }
    const measured = { runs: 3, day: '2026-11-28', machine, figures: figures(0.13, 1.4567) }

    const text = documentOf({ proxy: recordOf('a call through a proxy', measured) })

    expect(text).toMatch(
      /^\| `proxy` +\| a call through a proxy +\| 0\.130 CPU ms per call +\| Kamailio: 0\.089 +\| 1\.46 +\|$/m,
    )
    expect(text).toContain('`npm run bench -- proxy --write`, 2026-11-28, the median of 3 runs.')
    expect(text).toContain('EPYC, 2 cores, 24 GB, Linux 6.1, Node.js v20.19.0, Kamailio 5.6.3, SIPp 3.6.1')
    expect(text).toMatch(/^\| offered per second +\| 4000 +\|$/m)
    expect(text).toMatch(/^\| `proxy` +\| Stateful proxy +\| ≤ 1\.2 +\| ≤ 1 +\| 1\.46 +\| × Kamailio +\| no +\|$/m)
  })
})
