import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeRuntime } from '../runtime/node/node-runtime.ts'
import { openLog } from './pino.ts'

async function linesOf(write: (log: ReturnType<typeof openLog>['log']) => void, level: 'debug' | 'warn' = 'debug') {
  const runtime = nodeRuntime()
  const file = join(tmpdir(), `ringmain-log-${runtime.random.hex(8)}.jsonl`)
  const { log, close } = openLog({ level, file })
  write(log)
  await close()
  const text = (await runtime.disk.read(file)).toString()
  await runtime.disk.remove(file)
  await runtime.close()
  return text
    .split('\n')
    .filter(Boolean)
    .map((line): Record<string, unknown> => JSON.parse(line))
}

describe('the log', () => {
  it('is one JSON object a line, with level, time, the fields and those of its parents', async () => {
    const lines = await linesOf((log) => log.with({ component: 'sip-proxy' }).info({ callUUID: 'c1' }, 'call\nbegins'))

    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
        component: 'sip-proxy',
        callUUID: 'c1',
        msg: 'call\nbegins',
      },
    ])
  })

  it('leaves out what is below its level', async () => {
    const lines = await linesOf((log) => {
      log.info({}, 'quiet')
      log.error({ n: 1 })
    }, 'warn')

    expect(lines.map(({ level }) => level)).toEqual(['error'])
  })

  it('never says a secret', async () => {
    const lines = await linesOf((log) => log.info({ password: 'demo', peer: { token: 'abc', name: 'x' } }))

    expect(lines[0]).toMatchObject({ password: '…', peer: { token: '…', name: 'x' } })
  })
})
