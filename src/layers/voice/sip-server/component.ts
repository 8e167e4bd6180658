/**
 * A SIP Server node (blueprint §3.2.1): Session Controller, T-Controller and Interaction Proxy behind three T-Library
 * ports, linked to the proxies of its data centre and to the nodes of all.
 */
import { type Context, defineComponent, type Running } from '#platform/component/component.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Trace } from '#platform/trace/trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'
import type { NodeEntry } from '#protocols/tlib/location.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import { Config } from './config.ts'
import type { SessionController, SessionControllerOptions } from './session-controller/ports.ts'
import { SipServer } from './sip-server.ts'

export type SipServerPorts = {
  readonly configuration: ConfigurationSource
  readonly trace: Trace
  readonly createSessionController: (options: SessionControllerOptions<Event>) => SessionController<Request>
  /** Proxies and nodes of this process are reached without a socket. */
  readonly links?: LocalLinks
  /** So are T-Library clients. */
  readonly local?: LocalPorts
}

export interface RunningSipServer extends Running {
  /** What others find it by: where it really listens. */
  readonly entry: NodeEntry
}

/** It is announced, and can take calls, once a proxy is linked; its health says so until then. */
export const sipServer = (ports: SipServerPorts) =>
  defineComponent({
    name: 'sip-server',
    config: Config,
    async start(context: Context<Config>): Promise<RunningSipServer> {
      const running = new SipServer(context, ports)
      try {
        await running.open()
      } catch (error) {
        await running.stop()
        throw error
      }
      return running
    },
  })
