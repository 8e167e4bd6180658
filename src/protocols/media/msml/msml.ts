/** The words of our MSML subset (RFC 5707): docs/decisions/0004-msml-subset.md. */

/** The MIME type of the INFO bodies. */
export const msmlType = 'application/msml+xml'

/** What the controller asks of the media server. `connection` is its To tag, or `self`. */
export type MsmlRequest =
  | ({ readonly type: 'dialogstart'; readonly connection: string; readonly name: string } & DialogContent)
  | { readonly type: 'dialogend'; readonly connection: string; readonly name: string }

/** `play` and `collect` alone or together, or `generate` alone. */
export type DialogContent = {
  readonly play?: Play
  readonly collect?: Collect
  readonly generate?: Generate
}

export type Play = {
  readonly prompts: readonly string[]
  /** How often all of them are played; `Infinity` for music. */
  readonly iterate: number
  /** A digit ends it. */
  readonly barge: boolean
}

export type Collect = {
  readonly min: number
  readonly max: number
  /** The digit that ends the collection early; it is not part of the digits. */
  readonly returnKey?: string
  /** Milliseconds from the end of the play to the first digit. */
  readonly firstDigitTimeout: number
  readonly interDigitTimeout: number
  /** Forget digits typed before. */
  readonly clear: boolean
}

/** What a timeout of a collect may be at most, ms. */
export const longestTimeout = 300_000

/** Digits sent to the leg (RFC 4733); milliseconds. */
export type Generate = { readonly digits: string; readonly duration: number; readonly interval: number }

/** The answer to a request; `status` 200 or a code of RFC 5707 §11. */
export type MsmlResult = { readonly status: number; readonly description?: string }

export type MsmlEvent =
  | {
      readonly name: 'msml.dialog.exit'
      readonly connection: string
      readonly dialog: string
      readonly exit: DialogExit
    }
  | { readonly name: 'dtmf.digit'; readonly connection: string; readonly digit: string }
  | { readonly name: 'ringmain.rtp.silent'; readonly connection: string; readonly seconds: number }
  | { readonly name: 'ringmain.rtp.resumed'; readonly connection: string }

/** How a dialog ended, each part only where the dialog had it. */
export type DialogExit = {
  readonly play?: PlayEnd
  readonly digits?: string
  readonly collect?: CollectEnd
  readonly generate?: GenerateEnd
}
export type PlayEnd = 'play.complete' | 'play.complete.barge' | 'play.terminated'
export type CollectEnd = 'dtmf.match' | 'dtmf.nomatch' | 'dtmf.noinput' | 'dtmf.terminated'
export type GenerateEnd = 'dtmfgen.complete' | 'dtmfgen.terminated'

/** What a prompt may be called: a word, never a path. */
export const isPromptName = (name: string): boolean => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,63})$/.test(name)
export const isDigits = (text: string): boolean => /^[0-9A-D*#]{1,64}$/.test(text)
