/** Trunks as the proxies announce them and the HTTP API tells them. */
import { type Static, Type } from 'typebox'
import { closed, Time } from './shape.ts'

/** Under `trunk/<dc>/<proxy>` a proxy announces what it knows, by trunk. */
export const trunkKeys = 'trunk/'

/** Under `trunk-test/<trunk>` stands, while somebody waits for it, the name of a test that every proxy makes. */
export const trunkTestKeys = 'trunk-test/'

/** What one proxy knows of a trunk. `servers`: what the DNS, or the configuration, names. */
export const TrunkAtProxy = closed({
  health: closed({
    state: Type.Enum(['up', 'down', 'unknown']),
    reason: Type.String({ description: 'why it is down' }),
    since: Time,
    milliseconds: Type.Optional(Type.Integer({ description: 'until its last answer' })),
  }),
  tested: Type.Optional(Type.String({ description: 'the last test that was asked for' })),
  facing: Type.String({ description: 'the URI by which its provider is told to reach us' }),
  servers: Type.Array(Type.String({ description: 'host:port' })),
  registration: Type.Optional(
    closed({
      state: Type.Enum(['trying', 'registered', 'failing']),
      reason: Type.String({ description: 'why it fails' }),
      registrar: Type.String(),
      since: Time,
    }),
  ),
})
export type TrunkAtProxy = Static<typeof TrunkAtProxy>

export const TrunkStatus = closed({
  name: Type.String(),
  proxies: Type.Record(Type.String(), TrunkAtProxy, { description: 'by the name of the proxy' }),
})
export type TrunkStatus = Static<typeof TrunkStatus>
