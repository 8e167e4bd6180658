/**
 * What the Config Server says on a `configuration` link: first everything, as changes to nothing, then what changes.
 * One JSON object a frame; what one frame cannot hold comes in several, and counts when the last one is there.
 */
import type { Change } from '../changes.ts'

export type Frame = {
  readonly type: 'snapshot' | 'changes'
  readonly revision: number
  readonly changes: readonly Change[]
  /** Further frames of the same revision follow. */
  readonly more: boolean
}

/** A change is far smaller; a frame of a link may have a mebibyte. */
const enough = 256 * 1024

export function framesOf(type: Frame['type'], revision: number, changes: readonly Change[]): Buffer[] {
  const batches: Change[][] = [[]]
  let size = 0
  for (const change of changes) {
    const length = Buffer.byteLength(JSON.stringify(change))
    if (size > 0 && size + length > enough) {
      batches.push([])
      size = 0
    }
    batches.at(-1)?.push(change)
    size += length
  }
  return batches.map((batch, index) => {
    const frame: Frame = { type, revision, changes: batch, more: index < batches.length - 1 }
    return Buffer.from(JSON.stringify(frame))
  })
}

/** `undefined` for what is no such frame. What it says is taken as it is: the Config Server has checked it. */
export function readFrame(bytes: Buffer): Frame | undefined {
  try {
    const frame = JSON.parse(bytes.toString('utf8')) as Partial<Frame>
    const known = frame.type === 'snapshot' || frame.type === 'changes'
    return known && Number.isSafeInteger(frame.revision) && Array.isArray(frame.changes) ? (frame as Frame) : undefined
  } catch {
    return undefined
  }
}
