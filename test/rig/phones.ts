/** baresip phones and callers around one demo; everything is stopped together. */
import { expect } from 'vitest'
import { Baresip, type BaresipOptions } from '../peers/baresip.ts'
import { heard } from '../peers/wav.ts'
import { proxies, proxyOnIPv6 } from './demo.ts'
import { phonePorts } from './ports.ts'

/** What agents' phones send and what callers send: told apart in what the other side heard. */
export const tones = { agent: 440, caller: 880 }

export class Phones {
  private readonly all: Baresip[] = []
  private count = 0

  /** A phone registered for a DN; `outbound` defaults to the first proxy of dc1. */
  agent(dn: string, options: Partial<BaresipOptions> = {}): Promise<Baresip> {
    return this.start({ user: dn, password: 'demo', register: 20, tone: tones.agent, answer: 'auto', ...options })
  }

  /** A caller that comes over the trunk: its number is none of ours. */
  caller(options: Partial<BaresipOptions> = {}): Promise<Baresip> {
    return this.start({ user: '+442079460018', domain: 'carrier.example', tone: tones.caller, ...options })
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((phone) => phone.stop()))
  }

  private async start(options: Partial<BaresipOptions> & { user: string; tone: number }): Promise<Baresip> {
    this.count += 1
    const phone = await Baresip.start({
      ...phonePorts(this.count),
      outbound: `sip:${options.host?.includes(':') ? proxyOnIPv6 : proxies.dc1[0]}`,
      ...options,
    })
    this.all.push(phone)
    return phone
  }
}

/** Seconds of a talk. */
const talk = 4

const later = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000))

/** The first one calls the number, of the other one if there is one, talks, and hangs up. */
export async function converse([calling, ...called]: [Baresip, ...Baresip[]], number: string): Promise<void> {
  const all = [calling, ...called]
  const next = (type: string) => Promise.all(all.map((phone) => phone.next(type)))
  const established = next('CALL_ESTABLISHED')
  calling.dial(`sip:${number}@ringmain`)
  await established
  await later(talk)
  const closed = next('CALL_CLOSED')
  calling.hangup()
  await closed
}

/** The last call of the phone heard this tone, without a gap over 100 ms. */
export function expectHeard(phone: Baresip, tone: number): void {
  const found = heard(phone.heardLast(), tone)
  expect(found.seconds).toBeGreaterThan(talk - 1)
  expect(found.longestGap).toBeLessThanOrEqual(100)
}
