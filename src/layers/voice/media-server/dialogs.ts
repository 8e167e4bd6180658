/**
 * The MSML dialogs that run on one leg: at most one that plays or collects, since a leg hears one thing, and those that
 * send digits, one after the other.
 */
import { Runner, type Surroundings, type TimerEffect } from '#platform/machine/runner.ts'
import type { DialogContent, DialogExit, MsmlResult } from '#protocols/media/msml/msml.ts'
import { beginDialog, type Effect, msmlDialog } from './msml-dialog.ts'

/** What the dialogs of a leg need of it. */
export interface DialogLeg {
  play(play: number, prompts: readonly string[], iterate: number): void
  stopPlay(): void
  generate(generate: number, digits: string, duration: number, interval: number): void
  stopGenerate(): void
  has(prompt: string): boolean
  exited(dialog: string, exit: DialogExit): void
  /** A bug ended the dialogs. */
  broken(error: unknown): void
}

type Performed = Exclude<Effect, TimerEffect>
/** Digits that are being sent or wait for those before them. */
type Sending = { readonly name: string; readonly id: number; readonly begin: () => void }

/** Digits typed ahead that are kept for a later collect. */
const mostTyped = 64

export class Dialogs {
  private readonly leg: DialogLeg
  private readonly runner: Runner<Performed>
  /** The dialog that plays or collects, and its play. */
  private current: string | undefined
  private playing = 0
  private sending: Sending[] = []
  private typed = ''
  private lastID = 0

  constructor(surroundings: Surroundings, name: string, leg: DialogLeg) {
    this.leg = leg
    this.runner = new Runner<Performed>(surroundings, {
      name,
      perform: (effect, id) => this.perform(effect, id),
      broken: (error) => leg.broken(error),
    })
  }

  /** Why a dialog cannot be started. */
  fault(name: string, content: DialogContent): MsmlResult | undefined {
    if (this.isRunning(name)) return { status: 431, description: `a dialog ${name} is running` }
    const unknown = content.play?.prompts.find((prompt) => !this.leg.has(prompt))
    return unknown === undefined ? undefined : { status: 430, description: `there is no prompt ${unknown}` }
  }

  /** Starts a dialog that has no fault. */
  start(name: string, content: DialogContent): void {
    if (content.generate === undefined) {
      if (this.current !== undefined) this.runner.feed(this.current, { type: 'terminate' })
      this.current = name
    }
    const typed = this.typed
    if (content.collect !== undefined) this.typed = ''
    this.runner.add(name, msmlDialog, beginDialog(content, typed))
  }

  end(name: string): void {
    this.runner.feed(name, { type: 'terminate' })
  }

  isRunning(name: string): boolean {
    return this.current === name || this.sending.some((one) => one.name === name)
  }

  /** A digit that the leg has sent. */
  digit(digit: string): void {
    const { current } = this
    const dialog = current === undefined ? undefined : this.runner.find(current, msmlDialog)
    if (dialog?.data.collect === undefined) this.typed = (this.typed + digit).slice(-mostTyped)
    dialog?.feed({ type: 'digit', digit })
  }

  played(id: number): void {
    if (id === this.playing && this.current !== undefined) this.runner.feed(this.current, { type: 'played' })
  }

  generated(id: number, sent: boolean): void {
    const first = this.sending[0]
    if (first?.id === id) this.runner.find(first.name, msmlDialog)?.feed({ type: 'generated', sent })
  }

  close(): void {
    this.runner.end()
  }

  private perform(effect: Performed, name: string) {
    switch (effect.type) {
      case 'play':
        this.playing = this.nextID()
        return this.leg.play(this.playing, effect.prompts, effect.iterate)
      case 'stopPlay':
        this.playing = 0
        return this.leg.stopPlay()
      case 'generate':
        return this.send(name, effect.generate)
      case 'stopGenerate':
        // One that still waits for those before it is only taken out of the row.
        if (this.sending[0]?.name === name) this.leg.stopGenerate()
        return
      case 'exit':
        return this.exit(name, effect)
    }
  }

  private send(name: string, { digits, duration, interval }: NonNullable<DialogContent['generate']>) {
    const id = this.nextID()
    const begin = () => this.leg.generate(id, digits, duration, interval)
    this.sending.push({ name, id, begin })
    if (this.sending.length === 1) begin()
  }

  private exit(name: string, { exit, left }: Extract<Effect, { type: 'exit' }>) {
    if (this.current === name) {
      this.current = undefined
      this.typed += left
    } else this.sent(name)
    this.leg.exited(name, exit)
  }

  private sent(name: string) {
    const wasFirst = this.sending[0]?.name === name
    this.sending = this.sending.filter((one) => one.name !== name)
    if (wasFirst) this.sending[0]?.begin()
  }

  private nextID(): number {
    this.lastID += 1
    return this.lastID
  }
}
