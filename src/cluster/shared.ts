/** What the components of one process share: the ways to each other that need no socket, and the process's own services. */

import type { Supervisor } from '#platform/component/supervisor.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Exposition } from '#platform/metrics/prometheus.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import type { Trace, TraceReader } from '#platform/trace/trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { ConfigurationWriter } from '#protocols/model/writer.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'

export type Shared = {
  readonly runtime: Runtime
  readonly supervisor: Supervisor
  readonly exposition: Exposition
  readonly links: LocalLinks
  readonly tlib: LocalPorts
  readonly configuration: ConfigurationSource & ConfigurationWriter
  readonly trace: Trace & TraceReader
}
