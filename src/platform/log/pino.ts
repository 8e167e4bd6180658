/** The log as JSON lines: level, time, the fields and `msg`. */
import { destination, type Logger, pino } from 'pino'
import type { Log } from './log.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export type LogOptions = {
  readonly level: LogLevel
  /** A file to append to; standard error without it. */
  readonly file?: string
}

export interface OpenLog {
  readonly log: Log
  /** Resolves when everything said is written; nothing may be said afterwards. */
  close(): Promise<void>
}

/** What must not get into a log, whoever logs it. */
const secret = ['password', 'token', 'secret', 'authorization', 'ha1'].flatMap((name) => [name, `*.${name}`])

export function openLog({ level, file }: LogOptions): OpenLog {
  // Not synchronous: a terminal that stands still must not stop calls. What is left is written when the process ends.
  const out = destination({ sync: false, mkdir: true, ...(file === undefined ? { fd: 2 } : { dest: file }) })
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${isoTime()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secret, censor: '…' },
      depthLimit: 6,
      edgeLimit: 100,
    },
    out,
  )
  const close = () =>
    new Promise<void>((resolve) => {
      out.once('close', () => resolve())
      out.end()
    })
  return { log: new PinoLog(logger), close }
}

// biome-ignore lint/style/noRestrictedGlobals: an adapter to the outside; lines carry the time they were written at
const isoTime = (): string => new Date().toISOString()

class PinoLog implements Log {
  private readonly logger: Logger

  constructor(logger: Logger) {
    this.logger = logger
  }

  debug(fields: object, text?: string): void {
    this.logger.debug(fields, text)
  }
  info(fields: object, text?: string): void {
    this.logger.info(fields, text)
  }
  warn(fields: object, text?: string): void {
    this.logger.warn(fields, text)
  }
  error(fields: object, text?: string): void {
    this.logger.error(fields, text)
  }
  with(fields: object): Log {
    return new PinoLog(this.logger.child(fields))
  }
}
