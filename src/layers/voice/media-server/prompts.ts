/** Prompts and music: WAV files read once, ready in both laws in memory that all RTP threads share. */
import type { Log } from '#platform/log/log.ts'
import type { Disk } from '#platform/runtime/runtime.ts'
import { readWav } from '#protocols/media/audio/wav.ts'
import { aLaw, encodeInto, type Law, muLaw } from '#protocols/media/codec/g711.ts'
import { isPromptName } from '#protocols/media/msml/msml.ts'
import type { Prompt } from './rtp/channel.ts'

const suffix = '.wav'

export type LoadedPrompts = {
  readonly prompts: readonly Prompt[]
  /** What could not be used, each with its reason. */
  readonly faults: readonly string[]
}

/** Every `.wav` of the directories; a name found twice is that of the first directory. */
export async function loadPrompts(disk: Disk, directories: readonly string[], log: Log): Promise<LoadedPrompts> {
  const prompts = new Map<string, Prompt>()
  const faults: string[] = []
  for (const directory of directories) {
    for (const file of await disk.list(directory)) {
      if (!file.endsWith(suffix)) continue
      const name = file.slice(0, -suffix.length)
      const path = `${directory}/${file}`
      const prompt = isPromptName(name) ? toPrompt(name, await disk.read(path)) : 'has a name that no prompt may have'
      if (typeof prompt === 'string') faults.push(`${path} ${prompt}`)
      else if (!prompts.has(name)) prompts.set(name, prompt)
    }
  }
  for (const fault of faults) log.error({ fault }, 'a prompt cannot be played')
  return { prompts: [...prompts.values()], faults }
}

function toPrompt(name: string, file: Buffer): Prompt | string {
  const samples = readWav(file)
  if ('error' in samples) return samples.error
  return { name, PCMU: encoded(muLaw, samples), PCMA: encoded(aLaw, samples) }
}

function encoded(law: Law, samples: Int16Array): Uint8Array {
  const codes = new Uint8Array(new SharedArrayBuffer(samples.length))
  encodeInto(law, samples, codes, 0, samples.length)
  return codes
}
