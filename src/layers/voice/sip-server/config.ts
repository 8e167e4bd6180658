/** What a SIP Server node is told by its configuration. */
import { type Static, Type } from 'typebox'

const closed = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false, default: {} })

const Host = Type.String({ default: '127.0.0.1', description: 'an address the other hosts of the cluster reach' })
const port = (description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 0,
    description: `${description}; 0: a free one, which is announced`,
  })

export const Config = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'unique among the nodes of the data centre, e.g. node1' }),
    dc: Type.String({ minLength: 1, description: 'its data centre' }),
    number: Type.Integer({ minimum: 1, maximum: 65_535, description: 'in its ConnIDs; unique in the cluster' }),
    geoLocation: Type.String({ default: '', maxLength: 256, description: 'where it is, for routing by distance' }),
    tlib: closed({
      host: Host,
      sessionController: port('for routers'),
      tController: port('for desktops and StatServer'),
      interactionProxy: port('for concentrators'),
    }),
    mesh: closed({ host: Host, port: port('for the other nodes') }),
    spool: closed({
      directory: Type.String({
        minLength: 1,
        default: 'spool',
        description: 'what must reach the database is kept here',
      }),
    }),
    sessionTimer: closed({
      expires: Type.Integer({
        default: 1800,
        minimum: 90,
        maximum: 7200,
        description: 'seconds after which a session that nobody refreshes ends (RFC 4028)',
      }),
      least: Type.Integer({ default: 90, minimum: 90, maximum: 7200, description: 'the fewest seconds we agree to' }),
    }),
    digestKey: Type.Optional(
      Type.String({
        minLength: 16,
        description: 'the same at every node: any of them then knows the nonces of the others',
      }),
    ),
    limits: closed({
      calls: Type.Integer({ default: 5000, minimum: 1, description: 'live ones; beyond it new ones are answered 503' }),
      transactions: Type.Integer({ default: 400_000, minimum: 10, description: 'open ones of each side' }),
      subscriptions: Type.Integer({ default: 10_000, minimum: 1, description: 'of phones to DNs (RFC 6665)' }),
      subscriptionsOfDN: Type.Integer({ default: 100, minimum: 1, description: 'of one phone' }),
      clients: Type.Integer({ default: 1000, minimum: 1, description: 'T-Library clients of each port' }),
    }),
  },
  { additionalProperties: false },
)
export type Config = Static<typeof Config>
