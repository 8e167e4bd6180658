/**
 * Loaded before the product in each of its threads (`node --import`): a worker prints `thread TID FILE`, so that its CPU
 * can be told from that of the others; Node.js 20 gives all threads one name.
 */
import { readlinkSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { isMainThread } from 'node:worker_threads'

const stdout = 1
if (!isMainThread) {
  const id = basename(readlinkSync('/proc/thread-self'))
  writeSync(stdout, `thread ${id} ${basename(process.argv[1] ?? '')}\n`)
}
