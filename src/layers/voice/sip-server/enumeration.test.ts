import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { type Algorithm, algorithmNamed, digestOf, secretOf } from '#protocols/sip/core/digest.ts'
import { parseCredentials } from '#protocols/sip/message/headers/digest.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { NodeWorld } from '#simulation/node-world.ts'
import { requestText } from '#simulation/proxy-world.ts'
import { UdpPeer } from '#simulation/sip-peers.ts'
import { createSessionController } from './session-controller/session-controller.ts'

/** A guesser, who knows no password. */
async function setUp(algorithm: Algorithm) {
  const dns = [{ number: '1001', secret: 'demo', algorithms: [algorithm] }]
  const cluster = new NodeWorld(1, configurationFrom({ settings: { domains: ['ringmain'] }, dns }))
  const { world } = cluster
  await cluster.proxy('proxy1', '10.0.0.1')
  await cluster.node('node1', '10.0.0.11', { createSessionController })
  const at = { host: '10.0.1.1', port: 5060 }
  const guesser = await UdpPeer.at(world, 'guesser', at, { host: '10.0.0.1', port: 5060 })

  /** The answer to a request of this user, and the one to the same with a wrong password. */
  const guess = async (method: string, user: string): Promise<(Message | undefined)[]> => {
    const uri = method === 'REGISTER' ? 'sip:ringmain' : 'sip:1002@ringmain'
    const to = method === 'REGISTER' ? `sip:${user}@ringmain` : uri
    const ask = async (cseq: number, fields: readonly string[]) => {
      guesser.say(requestText(method, { uri, to, user, cseq, fields, callID: `${method} of ${user}` }))
      await world.run(1000)
      return guesser.responses(method).at(-1)
    }
    const first = await ask(1, [])
    return [first, await ask(2, [guessed(first, method, user, uri)])]
  }
  return { cluster, guess }
}

function guessed(challenge: Message | undefined, method: string, user: string, uri: string): string {
  const { parameters } = parseCredentials(challenge?.header('WWW-Authenticate') ?? 'Digest nonce=none')
  const nonce = parameters.get('nonce') ?? ''
  const algorithm = algorithmNamed(parameters.get('algorithm')) ?? 'MD5'
  const secret = secretOf(user, 'ringmain', 'guess', algorithm)
  const use = { nc: '00000001', cnonce: 'c0ffee', qop: 'auth' } as const
  const response = digestOf({ secret, method, uri, nonce, ...use })
  const named = `username="${user}", realm="ringmain", nonce="${nonce}", uri="${uri}", response="${response}"`
  return `Authorization: Digest ${named}, algorithm=${algorithm}, qop=auth, nc=${use.nc}, cnonce="${use.cnonce}"`
}

/** An answer but for what is new in each. */
const shape = (answer: Message | undefined, user: string) =>
  answer?.text
    .replaceAll(user, 'user')
    .replace(/nonce="[^"]*"/, 'nonce')
    .replace(/branch=\w+/, 'branch')
    .replace(/;tag=\w+\r/g, ';tag\r')

describe('who guesses names and passwords', () => {
  it.each([
    ['REGISTER', 'MD5'],
    ['REGISTER', 'SHA-256'],
    ['REGISTER', 'SHA-512-256'],
    ['INVITE', 'MD5'],
    ['INVITE', 'SHA-256'],
    ['SUBSCRIBE', 'MD5'],
  ] as const)(
    'by %s, asked by %s, hears of a number that we have what he hears of any other',
    async (method, algorithm) => {
      const { guess } = await setUp(algorithm)

      const known = await guess(method, '1001')
      const unknown = await guess(method, '7777')

      expect(known.map((answer) => answer?.status)).toEqual([401, 401])
      expect(unknown.map((answer) => shape(answer, '7777'))).toEqual(known.map((answer) => shape(answer, '1001')))
    },
  )
})
