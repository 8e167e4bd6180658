/** The hello: the first frame of each side, one JSON object. */
import type { Hello } from './link.ts'

const longestHello = 4096
const longestWord = 255

export const helloFrame = ({ kind, name, dc, instance, epoch }: Hello): Buffer =>
  Buffer.from(JSON.stringify({ kind, name, dc, instance, epoch }))

/** `undefined` for what is no hello. */
export function readHello(frame: Buffer): Hello | undefined {
  if (frame.length > longestHello) return undefined
  const value = parsed(frame.toString())
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, name, dc, instance, epoch } = value as Record<string, unknown>
  if (!isWord(kind) || !isWord(name) || !isWord(dc) || !isWord(instance) || !isEpoch(epoch)) return undefined
  return { kind, name, dc, instance, epoch }
}

const isWord = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longestWord

const isEpoch = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
