/**
 * Digits in the bodies of INFO, as phones and carriers send them that do not use RTP for it. No RFC says what is in them:
 * `application/dtmf-relay` has lines, `Signal=5` and `Duration=160` (ms); `application/dtmf` has the digit alone.
 */
import { digitOfEvent } from './telephone-event.ts'

const relayType = 'application/dtmf-relay'
/** Both, as Accept names them. */
export const infoDigitTypes: readonly string[] = [relayType, 'application/dtmf']

/** `contentType` in lower case, without parameters. */
export const isInfoDigit = (contentType: string): boolean => infoDigitTypes.includes(contentType)

/** The digit in a body of either type; none where it is something else, e.g. a flash. */
export function parseInfoDigit(body: string): string | undefined {
  const [, signal = ''] = signalLine.exec(body) ?? []
  // Some send the code of RFC 4733 for the keys that are no figure.
  return signal.length === 2 ? digitOfEvent(Number(signal)) : signal.toUpperCase() || undefined
}
const signalLine = /^(?:Signal[ \t]*=)?[ \t]*([0-9A-D*#]|1[0-5])[ \t]*$/im

/** `duration` in ms. */
export const buildInfoDigit = (digit: string, duration: number) => ({
  type: relayType,
  text: `Signal=${digit}\r\nDuration=${duration}\r\n`,
})
