/** A message in the making: what is written with the topmost Via that the transaction gives it. */
import type { Message } from './message.ts'

export interface Draft {
  readonly method: string
  /** The finished message; `via` is the value of one more, topmost Via field. */
  finish(via?: string): Message
}

/** Header fields to write: name and value, in order. */
export type Fields = readonly (readonly [name: string, value: string])[]

export type Body = { readonly type: string; readonly bytes: Buffer }
