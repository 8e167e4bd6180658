import { describe, expect, it } from 'vitest'
import { Remembered } from './remembered.ts'

const hour = 3_600_000

describe('the addresses of a provider', () => {
  it('are known for an hour after the DNS named them last', () => {
    const hosts = new Remembered()
    hosts.named(['10.9.1.1', '10.9.1.2'], 0)
    hosts.named(['10.9.1.2', '10.9.1.3'], 1_000)

    hosts.named(['10.9.1.3'], hour - 1)
    const before = ['10.9.1.1', '10.9.1.2', '10.9.1.3'].map((host) => hosts.has(host))
    hosts.named(['10.9.1.3'], hour)
    const after = ['10.9.1.1', '10.9.1.2', '10.9.1.3'].map((host) => hosts.has(host))

    expect(before).toEqual([true, true, true])
    expect(after).toEqual([false, true, true])
  })

  it('are the 64 that were named last, and every one of the last answer', () => {
    const hosts = new Remembered()
    for (let n = 0; n < 100; n++) hosts.named([`10.9.1.${n}`], n)
    const known = Array.from({ length: 100 }, (_, n) => n).filter((n) => hosts.has(`10.9.1.${n}`))
    const answer = Array.from({ length: 100 }, (_, n) => `10.9.2.${n}`)
    hosts.named(answer, 100)

    expect(known).toEqual(Array.from({ length: 64 }, (_, n) => n + 36))
    expect(answer.every((host) => hosts.has(host))).toBe(true)
    expect(hosts.has('10.9.1.99')).toBe(false)
  })
})
