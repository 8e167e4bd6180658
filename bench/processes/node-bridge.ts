/**
 * Stands where a SIP Server node stands, with as little of its own as can be: what comes over the link goes to a SIP
 * peer over UDP, and back; OPTIONS it answers itself. Prints `ready` when it has answered the first one.
 */
import { keepLink } from '#platform/link/keep-link.ts'
import { silentLog } from '#platform/log/log.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'

const [linkPort = 0, peerPort = 0] = process.argv.slice(2).map(Number)
const host = '127.0.0.1'
/** Of OPTIONS: no other message that comes begins with it. */
const letterO = 0x4f
const runtime = nodeRuntime()
const udp = await runtime.net.udp({ host, port: 0 }, (bytes) => kept.link?.send(bytes))
const kept = keepLink({
  runtime,
  log: silentLog,
  hello: { kind: 'node-proxy', name: 'node1', dc: 'dc1', instance: 'bridge', epoch: 1 },
  locate: () => ({ host, port: linkPort }),
  opened: (link) => ({
    frame: (bytes) => {
      if (bytes[0] === letterO) {
        link.send(buildResponse(parseMessage(bytes), 200, { toTag: 'bridge' }).bytes)
        console.log('ready')
      } else udp.send(bytes, { host, port: peerPort })
    },
    closed: () => {},
  }),
})
