/** Logs agents in and makes them ready as desktops do, over T-Library: two thousand passwords would take minutes. */
import { silentLog } from '#platform/log/log.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { type Asked, connectTLib } from '#protocols/tlib/client.ts'
import { until } from '../test/rig/api.ts'
import { demoPorts } from '../test/rig/ports.ts'

/** Each on the DN of his number, which is in service. */
export async function logIn(numbers: readonly string[]): Promise<void> {
  const runtime = nodeRuntime()
  const client = connectTLib({
    runtime,
    log: silentLog,
    locate: () => ({ host: '127.0.0.1', port: demoPorts.tlib + 1 }),
    applicationName: 'bench',
    event: () => {},
  })
  const ask = (request: Asked) =>
    new Promise<void>((resolve, reject) =>
      client.request(request, (answer) => {
        if (answer.name === 'EventError') reject(new Error(`${request.name}: ${answer.errorMessage}`))
        else resolve()
      }),
    )
  try {
    await until(async () => client.isConnected || undefined, 5_000, 'the T-Library port')
    for (const number of numbers) {
      await ask({ name: 'RequestAgentLogin', thisDN: number, agentID: number })
      await ask({ name: 'RequestAgentReady', thisDN: number })
    }
  } finally {
    client.close()
    await runtime.close()
  }
}
