/**
 * The one channel between signalling and a thread of RTP: commands in, reports out, both plain data. A leg is named by
 * a number that signalling gives it and never uses again.
 */
import type { AudioStream } from '#protocols/media/sdp/audio-session.ts'

export type Command =
  /** Binds the leg's UDP port; answered by `opened` or `refused`, and nothing else is said of the leg before. It may lie idle then. */
  | { readonly type: 'open'; readonly leg: number; readonly port: number }
  /** What was agreed by SDP, the first time and each time it changes. */
  | { readonly type: 'connect'; readonly leg: number; readonly stream: AudioStream }
  /** What the leg hears while nothing plays: the others of a conference, or itself. */
  | { readonly type: 'join'; readonly leg: number; readonly conference: string }
  | { readonly type: 'echo'; readonly leg: number }
  /** Plays prompts from now on instead of what played; `played` follows where it comes to its end. */
  | {
      readonly type: 'play'
      readonly leg: number
      readonly play: number
      readonly prompts: readonly string[]
      readonly iterate: number
    }
  | { readonly type: 'stopPlay'; readonly leg: number }
  /** Sends digits (RFC 4733); `generated` follows where it comes to its end. Milliseconds. */
  | {
      readonly type: 'generate'
      readonly leg: number
      readonly generate: number
      readonly digits: string
      readonly duration: number
      readonly interval: number
    }
  | { readonly type: 'stopGenerate'; readonly leg: number }
  /** Closes the port; nothing is reported of the leg afterwards. */
  | { readonly type: 'close'; readonly leg: number }

export type Report =
  | { readonly type: 'opened'; readonly leg: number }
  /** `fault`: why no other port would do either; none where somebody else has this one. */
  | { readonly type: 'refused'; readonly leg: number; readonly fault?: string | undefined }
  | { readonly type: 'played'; readonly leg: number; readonly play: number }
  /** `sent` is false where the other side takes no telephone events. */
  | { readonly type: 'generated'; readonly leg: number; readonly generate: number; readonly sent: boolean }
  | { readonly type: 'digit'; readonly leg: number; readonly digit: string }
  | { readonly type: 'silent'; readonly leg: number; readonly seconds: number }
  | { readonly type: 'resumed'; readonly leg: number }
  /** Once a second while there are legs. */
  | { readonly type: 'figures'; readonly figures: Figures }

/** Why a packet that came was not used; `security`: it is not protected with the key agreed on, or came before. */
export type DropReason = 'source' | 'malformed' | 'security' | 'payload' | 'direction' | 'late'

/** Since the start of the thread. */
export type Figures = {
  readonly received: number
  readonly sent: number
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Ticks that began more than half their length after their time, and those left out because more were missed. */
  readonly lateTicks: number
  readonly lostTicks: number
}

/** A prompt in both laws, ready to be sent; the memory is shared by all threads. */
export type Prompt = { readonly name: string; readonly PCMU: Uint8Array; readonly PCMA: Uint8Array }

export type RtpOptions = {
  /** The addresses that each RTP port is bound to: of IPv4 and of IPv6 one at most. */
  readonly hosts: readonly string[]
  readonly prompts: readonly Prompt[]
  /** No RTP for so long is reported. */
  readonly silenceMs: number
}

/** Where the audio of some legs lives: a thread in production, the caller's loop in simulation. */
export interface RtpWorker {
  run(command: Command): void
  close(): Promise<void>
}

/** `lost`: the thread has ended by itself, and with it all its legs. Rejects where there is none, or no port at its addresses. */
export type OpenRtpWorker = (
  options: RtpOptions,
  told: (report: Report) => void,
  lost: (error: Error) => void,
) => Promise<RtpWorker>
