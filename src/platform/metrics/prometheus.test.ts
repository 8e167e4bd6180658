import { describe, expect, it } from 'vitest'
import { prometheus } from './prometheus.ts'

const linesOf = async (exposition: ReturnType<typeof prometheus>) =>
  (await exposition.text()).split('\n').filter((line) => line && !line.startsWith('#'))

describe('metrics as Prometheus reads them', () => {
  it('have the prefix once, whoever wrote it', async () => {
    const exposition = prometheus()
    const { metrics } = exposition.scope({ dc: 'dc1' })

    metrics.counter('calls_total', 'Calls').inc()
    metrics.counter('ringmain_drops_total', 'Drops').inc(2)

    expect(await linesOf(exposition)).toEqual(['ringmain_calls_total{dc="dc1"} 1', 'ringmain_drops_total{dc="dc1"} 2'])
  })

  it('keep apart what several components count under one name', async () => {
    const exposition = prometheus()
    const [one, other] = [exposition.scope({ dc: 'dc1' }).metrics, exposition.scope({ dc: 'dc2' }).metrics]
    const count = (metrics: typeof one) => metrics.counter('calls_total', 'Calls', ['by', 'cause'])

    count(one).of({ by: 'agent', cause: 'hangup' }).inc()
    count(one).of({ cause: 'hangup', by: 'agent' }).inc()
    count(other).of({ by: 'cluster', cause: 'error' }).inc()
    one.gauge('calls_active', 'Calls', () => 3)
    other.gauge('calls_active', 'Calls', () => 4)
    one.histogram('wait_seconds', 'Waiting', [1]).observe(0.5)
    other.histogram('wait_seconds', 'Waiting', [1]).observe(2)

    expect(await linesOf(exposition)).toEqual(
      expect.arrayContaining([
        'ringmain_calls_total{by="agent",cause="hangup",dc="dc1"} 2',
        'ringmain_calls_total{by="cluster",cause="error",dc="dc2"} 1',
        'ringmain_calls_active{dc="dc1"} 3',
        'ringmain_calls_active{dc="dc2"} 4',
        'ringmain_wait_seconds_bucket{le="1",dc="dc1"} 1',
        'ringmain_wait_seconds_bucket{le="1",dc="dc2"} 0',
      ]),
    )
  })

  it('count the same however often they are read', async () => {
    const exposition = prometheus()
    exposition.scope({}).metrics.counter('calls_total', 'Calls').inc(5)

    await exposition.text()

    expect(await linesOf(exposition)).toEqual(['ringmain_calls_total 5'])
  })

  it('ask a gauge at each scrape, by label, until its component is gone', async () => {
    const exposition = prometheus()
    const scope = exposition.scope({ dc: 'dc1' })
    let ready = 1
    scope.metrics.gauge<'state'>('agents', 'Agents', () => [{ labels: { state: 'ready' }, value: ready }])

    ready = 7
    const before = await linesOf(exposition)
    scope.close()

    expect(before).toEqual(['ringmain_agents{state="ready",dc="dc1"} 7'])
    expect(await linesOf(exposition)).toEqual([])
  })

  it('tell of the process where asked', async () => {
    const text = await prometheus({ process: true }).text()

    expect(text).toContain('ringmain_process_cpu_seconds_total')
  })
})
