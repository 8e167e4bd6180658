/** One SIP proxy in a process of its own, as a production host runs it. Prints `ready LINKPORT`. */

import { Value } from 'typebox/value'
import { sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { Config } from '#layers/voice/sip-proxy/config.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'

const port = Number(process.argv[2])
const given = {
  name: 'proxy1',
  dc: 'dc1',
  listen: [{ host: '127.0.0.1', port, transports: ['udp'] }],
  sharedKey: 'the key all proxies share',
}
const objects = configurationFrom({ dns: [{ number: '1001' }], trunks: [{ name: 'carrier', sources: ['127.0.0.1'] }] })
const runtime = nodeRuntime()
const running = await sipProxy({ configuration: fixedConfiguration(objects) }).start({
  runtime,
  coordination: new InProcessCoordination().member(runtime.clock),
  config: Value.Parse(Config, Value.Default(Config, given)),
  log: silentLog,
  metrics: noMetrics,
})
console.log(`ready ${running.addresses.link.port}`)
process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)))
