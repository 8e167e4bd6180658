/** The thread of `threaded-voices.ts`: voices behind its message port. */
import { parentPort, workerData } from 'node:worker_threads'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { VoiceCommand, VoiceReply } from './threaded-voices.ts'
import { runtimeVoices, type Voice } from './voices.ts'

const all = await runtimeVoices(nodeRuntime(), workerData.host as string)
const open = new Map<number, Voice>()
const reply = (message: VoiceReply) => parentPort?.postMessage(message)

parentPort?.on('message', (command: VoiceCommand) => {
  if (command.type === 'open') void begin(command.id, command.pitch)
  else if (command.type === 'talk') open.get(command.id)?.talk(command.listener)
  else if (command.type === 'press') open.get(command.id)?.press(command.digit)
  else {
    open.get(command.id)?.close()
    open.delete(command.id)
  }
})

async function begin(id: number, pitch: number) {
  try {
    const voice = await all.open(pitch)
    open.set(id, voice)
    reply({ id, port: voice.port })
  } catch (error) {
    reply({ id, fault: String(error) })
  }
}
