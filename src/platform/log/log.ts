/** Structured logging as components see it; `log/pino.ts` writes JSON lines. Put ids in `fields`, words in `text`. */
export interface Log {
  debug(fields: object, text?: string): void
  info(fields: object, text?: string): void
  warn(fields: object, text?: string): void
  error(fields: object, text?: string): void
  /** A log whose every line carries `fields` too, e.g. `{ component, callUUID }`. */
  with(fields: object): Log
}

/** Says nothing: for tests that do not look at the log. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
}
