// A thousand calls at fifty a second through the whole product: all answered, nothing sent twice, recorded once each,
// no agent stuck, nothing kept in memory.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Sipp, type SippResult } from '../peers/sipp.ts'
import { type ApiClient, until } from '../rig/api.ts'
import { BenchAgents } from '../rig/bench-agents.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { Heap, heapArgs } from '../rig/heap.ts'
import { interactions } from '../rig/history.ts'

describe('1,000 calls at 50 calls/s, talk 1 s, to 8090', () => {
  const calls = 1_000
  /** Until code is compiled and what has a bound is full. */
  const warmUpCalls = 1_000
  let demo: Demo
  let admin: ApiClient
  let agents: BenchAgents
  let heap: Heap

  beforeAll(async () => {
    demo = await Demo.start({ apply: ['examples/bench.yaml'], nodeArgs: heapArgs })
    heap = new Heap(demo)
    admin = await demo.signIn()
    agents = await BenchAgents.start(demo, { first: 2001, count: 100, port: 12_400 })
  })
  afterAll(async () => {
    await agents?.stop()
    await demo?.stop()
  })

  const call = (calls: number, rate: number): Promise<SippResult> =>
    Sipp.run({
      scenario: 'acd-caller',
      remote: proxies.dc1[0],
      port: 12_420,
      calls,
      rate,
      keys: { number: '8090' },
      args: ['-d', '1000'],
    })
  const allRecorded = (count: number) =>
    until(
      async () => {
        const found = await interactions(admin, 'dnis=8090')
        return found.length >= count && found.every(({ endedAt }) => endedAt !== null) ? found : undefined
      },
      10_000,
      `${count} records`,
    )

  it('answers all, retransmits nothing, records each once, frees every agent and all memory', {
    timeout: 300_000,
  }, async () => {
    const first = await call(warmUpCalls, 40)
    expect(first, first.output).toMatchObject({ code: 0, successful: warmUpCalls })
    const warmUp = await allRecorded(warmUpCalls)
    await agents.allReady(admin)
    const before = await heap.atRest()

    const result = await call(calls, 50)

    expect(result, result.output).toMatchObject({ code: 0, successful: calls, failed: 0, retransmissions: 0 })
    expect(agents.phones.counters()).toMatchObject({ failed: 0, retransmissions: 0 })
    const known = new Set(warmUp.map(({ callUUID }) => callUUID))
    const records = (await allRecorded(warmUpCalls + calls)).filter(({ callUUID }) => !known.has(callUUID))
    expect(records).toHaveLength(calls)
    expect(records.filter(({ ending }) => ending?.by !== 'customer' || ending.cause !== 'hangup')).toEqual([])
    await agents.allReady(admin)
    expect(await admin.calls()).toEqual([])
    const after = await heap.atRest()
    expect(after.heap - before.heap).toBeLessThan(5)
  })
})
