/** The elements of the routing modules and their attributes; each may also be given as an expression, `NAMEexpr`. */
export type ActionShape = {
  readonly attributes: Readonly<Record<string, 'required' | 'optional'>>
  /** The element inside it, one or more. */
  readonly child?: string
}

export const actionShapes: Readonly<Record<string, ActionShape>> = {
  /** Plays a prompt once; then `dialog.play.done` or `error.dialog.play`. */
  'dialog:play': { attributes: { prompt: 'required' } },
  /** Music, or silence without a prompt, until something else is played; no event follows. */
  'dialog:music': { attributes: { prompt: 'optional' } },
  /** Plays a prompt and collects keys; then `dialog.playandcollect.done` with `digits`, or `error.dialog.playandcollect`. */
  'dialog:playandcollect': { attributes: { prompt: 'required', maxdigits: 'optional', timeout: 'optional' } },
  /**
   * Waits for an agent of the first target that has one; targets are tried together, the first written preferred.
   * Then the call leaves (`queue.submit.done`), or `error.queue.submit` after `timeout`.
   */
  'queue:submit': { attributes: { priority: 'optional', timeout: 'optional' }, child: 'queue:target' },
  'queue:cancel': { attributes: {} },
  /** Sends the call on to another number: a routing point, a DN, a service. */
  'ixn:redirect': { attributes: { destination: 'required' } },
  /** Attaches one key and value to the call. */
  'ixn:attach': { attributes: { key: 'required', value: 'required' } },
}
