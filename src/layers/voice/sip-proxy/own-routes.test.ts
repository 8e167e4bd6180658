import { describe, expect, it } from 'vitest'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { requestText } from '#simulation/proxy-world.ts'
import { Addresses } from './addresses.ts'
import { RouteBook } from './own-routes.ts'
import { createSeal } from './seal.ts'

describe('the Routes that proxies have written', () => {
  it.each([
    ['are read once: every message of a dialog repeats them', 0, 1],
    ['are not remembered where they are longer than any of ours: strangers would fill the memory', 3_000, 2],
  ])('%s', (_what, length, reads) => {
    const seal = createSeal('the key all proxies share')
    let opened = 0
    const open = (purpose: string, token: string) => {
      opened++
      return seal.open(purpose, token)
    }
    const routes = new RouteBook({ ...seal, open }, new Addresses())
    const own = routes.write('sip:10.0.0.1', { node: 'node1' }).replace('>', `;more=${'x'.repeat(length + 1)}>`)
    const text = requestText('BYE', { toTag: 'theirs', fields: [`Route: ${own}`] }).replaceAll('\n', '\r\n')

    const found = [1, 2].map(() => routes.read(parseMessage(Buffer.from(text))).node)

    expect(found).toEqual(['node1', 'node1'])
    expect(opened).toBe(reads)
  })
})
