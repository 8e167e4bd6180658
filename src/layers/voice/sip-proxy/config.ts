/** What a SIP proxy is told by its configuration. */
import { type Static, Type } from 'typebox'

const closed = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false, default: {} })

const Host = Type.String({ minLength: 1, maxLength: 255 })
const Port = Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: '0: a free one, which is announced' })

const Listen = closed({
  host: Host,
  port: Type.Integer({ minimum: 0, maximum: 65_535, default: 5060 }),
  transports: Type.Array(Type.Enum(['udp', 'tcp', 'tls', 'ws', 'wss']), {
    default: ['udp', 'tcp'],
    minItems: 1,
    uniqueItems: true,
  }),
})

const Certificate = Type.Object(
  {
    certificate: Type.String({
      minLength: 1,
      description: 'PEM file: the certificate, then those between it and its authority',
    }),
    key: Type.String({ minLength: 1, description: 'PEM file: its key, not encrypted' }),
    authorities: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'PEM file: whose certificates are believed; whoever connects over TLS is asked for one then',
      }),
    ),
  },
  { additionalProperties: false, description: 'for tls and wss; read again when a file changes' },
)

const Inside = closed({
  host: Type.String({ default: '127.0.0.1', description: 'an address the other hosts of the cluster reach' }),
  port: Port,
})

const Limits = closed({
  messageBytes: Type.Integer({ default: 65_535, minimum: 1024, description: 'one SIP message, body included' }),
  datagramBytes: Type.Integer({
    default: 1300,
    minimum: 576,
    description: 'larger requests go over TCP instead of UDP, to who takes it',
  }),
  headerBytes: Type.Integer({ default: 32_768, minimum: 1024, description: 'start line and header fields' }),
  fields: Type.Integer({ default: 200, minimum: 10, description: 'header fields of one message' }),
  transactions: Type.Integer({ default: 400_000, minimum: 10, description: 'open ones of each side' }),
  connections: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: 'over TCP, TLS and WebSocket; a fifth is kept for trunks',
  }),
  connectionsPerSource: Type.Integer({
    default: 1_000,
    minimum: 1,
    description: 'of one address: a host, or everybody behind one NAT',
  }),
  aors: Type.Integer({ default: 1_000_000, minimum: 1, description: 'addresses-of-record registered' }),
  contacts: Type.Integer({ default: 10, minimum: 1, description: 'contacts of one address-of-record' }),
  breadth: Type.Integer({ default: 60, minimum: 1, maximum: 10_000, description: 'branches of one request at once' }),
})

const rate = (perSecond: number, burst: number, description: string) =>
  Type.Object(
    {
      perSecond: Type.Number({ default: perSecond, exclusiveMinimum: 0 }),
      burst: Type.Integer({ default: burst, minimum: 1 }),
    },
    { additionalProperties: false, default: {}, description },
  )

const Defence = closed({
  trusted: Type.Array(Type.String(), {
    default: ['127.0.0.1', '::1'],
    description: 'addresses and CIDR ranges that are never limited; neither are the sources of trunks',
  }),
  requests: rate(200, 2000, 'new requests of one source, and as many connections; more are ignored'),
  inDialog: rate(1000, 10_000, 'requests in dialogs, ACKs and CANCELs of one source; more are ignored'),
  strangers: rate(
    1000,
    250,
    'new requests of all sources together that have not authenticated yet, by the time that the proxy has nothing to do',
  ),
  failures: rate(
    10,
    1000,
    'a request without credentials or of no dialog takes 1, as TLS that fails; a malformed one 5, a refused one 20',
  ),
  banSeconds: Type.Integer({
    default: 600,
    minimum: 0,
    description: 'how long a source is ignored that has no failures left; 0: not at all',
  }),
  scanners: Type.Array(Type.String({ minLength: 1 }), {
    default: ['friendly-scanner', 'friendly-request', 'sipvicious', 'sundayddr', 'sip-scan', 'sipcli', 'iwar', 'sivus'],
    description: 'User-Agents that are ignored, by what is in their name',
  }),
  sources: Type.Integer({
    default: 20_000,
    minimum: 10,
    description: 'sources remembered, of those who show that they are there and of those who may be forged',
  }),
})

export const Config = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'unique among the proxies of the data centre' }),
    dc: Type.String({ minLength: 1, description: 'its data centre' }),
    listen: Type.Array(Listen, { minItems: 1, description: 'where endpoints and trunks reach it' }),
    advertise: Type.Optional(
      Type.Object(
        { host: Host, port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })) },
        {
          additionalProperties: false,
          description:
            'how it is named to endpoints: the name of its data centre (SRV), or an address, which counts for IPv4 or IPv6',
        },
      ),
    ),
    tls: Type.Optional(Certificate),
    linkListen: Inside,
    meshListen: Inside,
    sharedKey: Type.String({ minLength: 16, description: 'the same at every proxy: protects what routes carry' }),
    limits: Limits,
    defence: Defence,
  },
  { additionalProperties: false },
)
export type Config = Static<typeof Config>
