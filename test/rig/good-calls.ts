/** Calls that nobody may lose while somebody attacks: SIPp calls 8090, talks a second and hangs up, fifty times a second. */
import { Sipp, type SippResult } from '../peers/sipp.ts'
import { proxies } from './demo.ts'

export const goodRate = 50
/** ms: SIPp's clock goes by them, so an answer may have taken so much longer. */
const tick = 4

export const goodCalls = (calls: number, port: number, rate = goodRate): Promise<SippResult> =>
  Sipp.run({
    scenario: 'acd-caller',
    remote: proxies.dc1[0],
    port,
    calls,
    rate,
    timeout: 120,
    answerTimes: true,
    keys: { number: '8090' },
    // An ACK that comes twice, since one of SIPp's own answers was late, is not the end of its call.
    args: ['-d', '1000', '-default_behaviors', 'all,-abortunexp'],
  })

/** ms within which 99 of 100 INVITEs had their 200. */
export function p99({ answerTimes }: SippResult): number {
  const time = answerTimes.toSorted((one, other) => one - other)[Math.floor(answerTimes.length * 0.99)]
  if (time === undefined) throw new Error('no answer has come')
  return time + tick
}
