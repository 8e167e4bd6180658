/** CallUUIDs: UUIDv7 (RFC 9562 §5.7), which sort by the time their calls began. */
import type { Runtime } from '#platform/runtime/runtime.ts'
import { classOf } from '#platform/trace/share.ts'

/** In the trace's class of the Call-ID by which the call began, where it began by one. */
export function callUUID({ clock, random }: Pick<Runtime, 'clock' | 'random'>, callID?: string): string {
  const time = clock.wall().toString(16).padStart(12, '0')
  const noise = random.hex(10)
  const variant = (8 + (Number.parseInt(noise[3] ?? '0', 16) & 3)).toString(16)
  const last = callID === undefined ? noise.slice(17, 19) : classOf(callID).toString(16).padStart(2, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${noise.slice(0, 3)}-${variant}${noise.slice(4, 7)}-${noise.slice(7, 17)}${last}`
}
