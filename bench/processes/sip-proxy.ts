/** One SIP proxy in a process of its own, as a production host runs it. Prints `ready` and what it announces. */
import { sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { configured, start } from './given.ts'

const { addresses } = await start(sipProxy({ configuration: configured }))
console.log(`ready ${JSON.stringify(addresses)}`)
