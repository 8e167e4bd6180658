import { afterEach, expect, it } from 'vitest'
import { deferred } from '#platform/deferred.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { Command, Report } from './channel.ts'
import { threaded } from './threaded.ts'

const host = '127.0.0.1'
const port = 23_990
const runtime = nodeRuntime()
afterEach(() => runtime.close())

it('tells that the thread has ended by a fault, and leaves its ports free', async () => {
  const opened = deferred<Report>()
  const lost = deferred<Error>()
  const options = { hosts: [host], prompts: [], silenceMs: 10_000 }
  const thread = await threaded(runtime.clock)(options, opened.resolve, lost.resolve)
  thread.run({ type: 'open', leg: 1, port })
  expect(await opened.promise).toEqual({ type: 'opened', leg: 1 })

  const faulty = { type: 'connect', leg: 1 } as unknown as Command
  thread.run(faulty)

  expect((await lost.promise).message).toContain('undefined')
  expect((await runtime.net.udp({ host, port }, () => {})).local).toEqual({ host, port })
})

it('does not start where no port can be had at its addresses, and says why', async () => {
  let losses = 0
  const options = { hosts: ['192.0.2.1'], prompts: [], silenceMs: 10_000 }

  const started = threaded(runtime.clock)(
    options,
    () => {},
    () => {
      losses += 1
    },
  )

  await expect(started).rejects.toThrow('cannot listen on 192.0.2.1:0: this machine does not have that address')
  expect(losses).toBe(0)
})
