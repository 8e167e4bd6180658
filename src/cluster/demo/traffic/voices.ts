/**
 * The voices of SIMULATED people: G.711 over RTP (RFC 3550), a soft tone now and then, digits by RFC 4733. All share one
 * absolute 20 ms schedule, so that a late tick delays no later one.
 */
import type { Address, Clock, Runtime, Timer, UdpPort } from '#platform/runtime/runtime.ts'
import { tone } from '#protocols/media/audio/tone.ts'
import { aLaw, encodeInto, muLaw } from '#protocols/media/codec/g711.ts'
import { eventLength, eventOfDigit, writeEvent } from '#protocols/media/dtmf/telephone-event.ts'
import { headerLength, writeHeader } from '#protocols/media/rtp/rtp-packet.ts'
import type { AudioCodec } from '#protocols/media/sdp/audio-session.ts'

/** Where a voice goes and how. */
export type Listener = {
  readonly remote: Address
  readonly codec: AudioCodec
  readonly payloadType: number
  readonly telephoneEvent: number | undefined
}

export interface Voice {
  /** The RTP port it comes from. */
  readonly port: number
  /** Talks to them from now on; to nobody where undefined. */
  talk(listener: Listener | undefined): void
  /** One of `0123456789*#ABCD`, for a tenth of a second; nothing where the listener takes no digits. */
  press(digit: string): void
  close(): void
}

export interface Voices {
  open(pitch: number): Promise<Voice>
  close(): Promise<void>
}

export type OpenVoices = (runtime: Runtime, host: string) => Promise<Voices>

const frameMs = 20
const frameSamples = 160
/** Of one second: how long the tone sounds. */
const toneSeconds = 0.2
const loopFrames = 100
/** A digit: five packets of 20 ms, its end told three times (RFC 4733 §2.5.1.4). */
const digitFrames = 5
const digitEnds = 3

/** All voices in this event loop. */
export const runtimeVoices: OpenVoices = (runtime, host) => Promise.resolve(new RuntimeVoices(runtime, host))

class RuntimeVoices implements Voices {
  private readonly runtime: Runtime
  private readonly host: string
  private readonly speaking = new Set<RuntimeVoice>()
  private timer: Timer | undefined

  constructor(runtime: Runtime, host: string) {
    this.runtime = runtime
    this.host = host
  }

  async open(pitch: number): Promise<Voice> {
    const { clock, net, random } = this.runtime
    // What the other side says is not listened to.
    const port = await net.udp({ host: this.host, port: 0 }, () => {})
    const voice = new RuntimeVoice(port, clock, pitch, random.bytes(8), () => this.speaking.delete(voice))
    this.speaking.add(voice)
    if (this.timer === undefined) this.tick()
    return voice
  }

  async close(): Promise<void> {
    this.timer?.cancel()
    for (const voice of this.speaking) voice.close()
  }

  private readonly tick = (): void => {
    this.timer = undefined
    if (this.speaking.size === 0) return
    const { clock } = this.runtime
    const now = clock.monotonic()
    for (const voice of this.speaking) voice.speak(now)
    // A little early: the timer wheel rounds up to its own 20 ms.
    this.timer = clock.after(Math.max(1, frameMs - (now % frameMs) - 1), this.tick)
  }
}

type Digit = { readonly event: number; readonly timestamp: number; sent: number }

class RuntimeVoice implements Voice {
  private readonly socket: UdpPort
  private readonly clock: Clock
  private readonly pitch: number
  private readonly closed: () => void
  private readonly source: number
  private sequence: number
  private timestamp: number
  private listener: Listener | undefined
  /** When the voice began, and frames since. */
  private began = 0
  private frames = 0
  private mark = true
  private readonly digits: number[] = []
  private digit: Digit | undefined

  constructor(socket: UdpPort, clock: Clock, pitch: number, seed: Buffer, closed: () => void) {
    this.socket = socket
    this.clock = clock
    this.pitch = pitch
    this.closed = closed
    this.source = seed.readUInt32BE(0)
    this.sequence = seed.readUInt16BE(4)
    this.timestamp = seed.readUInt16BE(6)
  }

  get port(): number {
    return this.socket.local.port
  }

  talk(listener: Listener | undefined): void {
    if (this.listener === undefined && listener !== undefined) this.begin()
    this.listener = listener
  }

  press(digit: string): void {
    const event = eventOfDigit(digit)
    if (event >= 0 && this.listener?.telephoneEvent !== undefined) this.digits.push(event)
  }

  close(): void {
    this.listener = undefined
    this.closed()
    void this.socket.close()
  }

  /** Sends every frame that is due. */
  speak(now: number): void {
    const { listener } = this
    if (listener === undefined) return
    const due = Math.floor((now - this.began) / frameMs)
    // After a standstill nobody wants to hear what is seconds old.
    if (due - this.frames > loopFrames) this.skip(due - this.frames - 1)
    for (; this.frames < due; this.frames++) this.sendFrame(listener)
  }

  private begin() {
    this.began = this.clock.monotonic()
    this.frames = 0
    this.mark = true
  }

  private skip(frames: number) {
    this.frames += frames
    this.timestamp += frames * frameSamples
  }

  private sendFrame(listener: Listener) {
    const { digit = this.nextDigit() } = this
    if (digit !== undefined && listener.telephoneEvent !== undefined)
      this.sendDigit(listener, listener.telephoneEvent, digit)
    else this.sendAudio(listener)
    this.timestamp += frameSamples
  }

  private sendAudio({ remote, codec, payloadType }: Listener) {
    const packet = Buffer.allocUnsafe(headerLength + frameSamples)
    this.write(packet, payloadType, this.timestamp)
    const frames = framesOf(this.pitch, codec)
    packet.set(frames[this.frames % frames.length] ?? frames[0], headerLength)
    this.socket.send(packet, remote)
  }

  private nextDigit(): Digit | undefined {
    const event = this.digits.shift()
    if (event === undefined) return undefined
    this.mark = true
    this.digit = { event, timestamp: this.timestamp, sent: 0 }
    return this.digit
  }

  private sendDigit({ remote }: Listener, payloadType: number, digit: Digit) {
    const packet = Buffer.allocUnsafe(headerLength + eventLength)
    const held = Math.min(digit.sent + 1, digitFrames)
    this.write(packet, payloadType, digit.timestamp)
    writeEvent(packet, headerLength, digit.event, digit.sent >= digitFrames - 1, held * frameSamples)
    this.socket.send(packet, remote)
    digit.sent++
    if (digit.sent === digitFrames - 1 + digitEnds) this.digit = undefined
  }

  private write(packet: Buffer, type: number, timestamp: number) {
    writeHeader(packet, type, this.mark, this.sequence, timestamp, this.source)
    this.mark = false
    this.sequence = (this.sequence + 1) & 0xffff
  }
}

type Frames = readonly [Uint8Array, ...Uint8Array[]]
const loops = new Map<string, Frames>()

/** Two seconds of a voice, encoded once for each pitch. */
function framesOf(pitch: number, codec: AudioCodec): Frames {
  const key = `${codec} ${pitch}`
  let frames = loops.get(key)
  if (frames === undefined) {
    frames = encode(pitch, codec)
    loops.set(key, frames)
  }
  return frames
}

function encode(pitch: number, codec: AudioCodec): Frames {
  const law = codec === 'PCMA' ? aLaw : muLaw
  const samples = new Int16Array(loopFrames * frameSamples)
  samples.set(tone(pitch, toneSeconds, 1500))
  const frame = (index: number) => {
    const bytes = new Uint8Array(frameSamples)
    encodeInto(law, samples.subarray(index * frameSamples, (index + 1) * frameSamples), bytes, 0, frameSamples)
    return bytes
  }
  return [frame(0), ...Array.from({ length: loopFrames - 1 }, (_, index) => frame(index + 1))]
}
