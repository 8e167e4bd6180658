/**
 * One SIP Server node in a process of its own, its spool on disk, no ladders of calls. Prints `ready` and what it announces
 * when it has a link to a proxy.
 */
import { sipServer } from '#layers/voice/sip-server/component.ts'
import { createSessionController } from '#layers/voice/sip-server/session-controller/session-controller.ts'
import { noTrace } from '#platform/trace/trace.ts'
import { configured, start } from './given.ts'

const running = await start(sipServer({ configuration: configured, trace: noTrace, createSessionController }))
const look = setInterval(() => {
  if (running.health().status !== 'ok') return
  clearInterval(look)
  console.log(`ready ${JSON.stringify(running.entry)}`)
}, 20)
