/** The configuration objects: one schema each, from which types, validation, YAML and API documentation come. */
import { type Static, type TProperties, Type } from 'typebox'

const closed = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false })

/** What people dial, and what is the user part of an address of record. */
export const DialledNumber = Type.String({
  pattern: '^[0-9A-Za-z+*#_.-]{1,64}$',
  description: 'digits, letters, + * # _ . -, at most 64',
})
const Name = Type.String({ minLength: 1, maxLength: 128 })
const Key = Type.String({ pattern: '^[0-9A-Za-z_.-]{1,64}$', description: 'letters, digits, _ . -, at most 64' })

const MediaPolicy = Type.Enum(['direct', 'anchored'], {
  default: 'direct',
  description: 'direct: the endpoints exchange RTP; anchored: all RTP passes a media server',
})

export const digestAlgorithms = ['MD5', 'SHA-256', 'SHA-512-256'] as const
export const DigestAlgorithm = Type.Enum(digestAlgorithms)
export type DigestAlgorithm = (typeof digestAlgorithms)[number]

export const Role = Type.Enum(['agent', 'supervisor', 'administrator'])
export type Role = Static<typeof Role>

export const Person = closed({
  employeeId: DialledNumber,
  name: Name,
  roles: Type.Array(Role, { default: ['agent'], uniqueItems: true }),
  skills: Type.Record(Key, Type.Integer({ minimum: 0, maximum: 100 }), { default: {}, description: 'skill to level' }),
  afterCallWork: Type.Integer({ default: 0, minimum: 0, maximum: 86_400, description: 'seconds; 0: none' }),
  preferredDC: Type.Optional(Key),
  simulated: Type.Boolean({ default: false, description: 'a robot of the demo' }),
  passwordHash: Type.Optional(Type.String({ description: 'argon2id in PHC form; without it nobody signs in' })),
})
export type Person = Static<typeof Person>

/** `H(user:realm:secret)` per algorithm (RFC 7616 §3.4.2): the secret itself is never kept. */
const HA1 = Type.Partial(
  closed({
    MD5: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    'SHA-256': Type.String({ pattern: '^[0-9a-f]{64}$' }),
    'SHA-512-256': Type.String({ pattern: '^[0-9a-f]{64}$' }),
  }),
  { additionalProperties: false, default: {} },
)

const Numbers = (what: string) =>
  Type.Array(Type.String(), { description: `patterns of ${what}, as those of trunks; any unless given` })

export const DN = closed({
  number: DialledNumber,
  ha1: HA1,
  algorithms: Type.Array(DigestAlgorithm, {
    default: ['MD5'],
    minItems: 1,
    uniqueItems: true,
    description: 'the phone is asked for the first, and no other is taken; many phones know MD5 alone',
  }),
  media: MediaPolicy,
  outsideNumbers: Type.Optional(Numbers('numbers outside that it may call')),
  registrationLifetime: Type.Optional(Type.Integer({ minimum: 10, maximum: 86_400, description: 'seconds' })),
  mailboxes: Type.Optional(
    Type.Array(DialledNumber, {
      uniqueItems: true,
      maxItems: 100,
      description: 'other DNs of whose messages its phone may be told; of its own it always is',
    }),
  ),
})
export type DN = Static<typeof DN>

export const RoutingPoint = closed({
  number: DialledNumber,
  name: Name,
  strategy: Type.String({ minLength: 1, description: 'name of a strategy' }),
  parameters: Type.Record(Key, Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
    default: {},
    description: 'what the strategy reads: prompts, skill expression, music',
  }),
  media: MediaPolicy,
  defaultDestination: Type.Optional(DialledNumber),
})
export type RoutingPoint = Static<typeof RoutingPoint>

export const ServiceNumber = closed({
  number: DialledNumber,
  name: Name,
  service: Type.Enum(['echo', 'announcement', 'music']),
  prompt: Type.Optional(Key),
})
export type ServiceNumber = Static<typeof ServiceNumber>

const Host = Type.String({ minLength: 1, maxLength: 255, description: 'a name or an address, with a port or without' })

/** What we prove ourselves with at a provider. */
export const Credentials = closed({
  username: Type.String({ minLength: 1, maxLength: 128, pattern: '^[^"\\\\\\r\\n@<>]+$' }),
  realm: Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'digest realm of the provider, its domain unless given; no other one is answered',
  }),
  ha1: HA1,
})
export type Credentials = Static<typeof Credentials>

export const Registration = closed({
  registrars: Type.Array(Host, {
    default: [],
    maxItems: 8,
    description: 'the first is asked first, the next when one does not answer; the destination unless given',
  }),
  expires: Type.Integer({ default: 600, minimum: 60, maximum: 86_400, description: 'seconds asked for' }),
})

/** `{ prefix: "00", replace: "+" }`: numbers from a provider's form into ours, and back. */
const Rewrite = closed({
  prefix: Type.String({ pattern: '^[0-9+*#]{0,32}$', description: 'how the number begins' }),
  length: Type.Optional(Type.Integer({ minimum: 1, maximum: 64, description: 'only numbers of so many symbols' })),
  replace: Type.String({ pattern: '^[0-9+*#]{0,32}$', description: 'what stands there instead' }),
})
export type Rewrite = Static<typeof Rewrite>

const CallerID = closed({
  number: Type.Optional(DialledNumber),
  from: Type.Enum(['caller', 'account'], {
    default: 'caller',
    description: 'whom From names; some providers take their account only',
  }),
  assert: Type.Boolean({ default: true, description: 'whether P-Asserted-Identity names the caller' }),
})

export const Trunk = closed({
  name: Key,
  sources: Type.Array(Type.String(), { default: [], description: 'addresses or CIDR ranges calls come from' }),
  destination: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'where calls go out to: host or host:port' }),
  ),
  domain: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'host of addresses there; the destination unless given' }),
  ),
  credentials: Type.Optional(Credentials),
  registration: Type.Optional(Registration),
  incoming: Type.Optional(DialledNumber),
  mostCalls: Type.Optional(
    Type.Integer({ minimum: 1, description: 'at a time, in and out, of each node; further ones are answered 503' }),
  ),
  callsPerSecond: Type.Optional(Type.Integer({ minimum: 1, description: 'in and out, of each node' })),
  emergency: Type.Boolean({ default: false, description: 'emergency numbers go out here, whatever its limits' }),
  rewriteIn: Type.Array(Rewrite, { default: [], description: 'of called and calling numbers; the first that fits' }),
  rewriteOut: Type.Array(Rewrite, { default: [], description: 'of called and calling numbers; the first that fits' }),
  callerID: Type.Optional(CallerID),
  voicemail: Type.Boolean({
    default: false,
    description: 'true: a voicemail server is there, which tells of the messages that wait for our DNs (RFC 3842)',
  }),
  earlyMedia: Type.Boolean({ default: true, description: 'false: until the answer our side makes the ringing tone' }),
  transport: Type.Enum(['udp', 'tcp', 'tls'], {
    default: 'udp',
    description: 'tls: calls also come from whoever proves by certificate to be its domain',
  }),
  numbers: Type.Array(Type.String(), {
    default: [],
    description: 'patterns of numbers that go out: digits, X any digit, Z 1-9, N 2-9, at the end . one or more, ! any',
  }),
  media: MediaPolicy,
})
export type Trunk = Static<typeof Trunk>

export const Skill = closed({ name: Key, description: Type.Optional(Type.String({ maxLength: 512 })) })
export type Skill = Static<typeof Skill>

export const Strategy = closed({
  name: Key,
  scxml: Type.String({ maxLength: 200_000, description: 'the SCXML document' }),
})
export type Strategy = Static<typeof Strategy>

export const Settings = closed({
  domains: Type.Array(Type.String(), { default: ['ringmain'], description: 'host names that are ours' }),
  realm: Type.String({ default: 'ringmain', pattern: '^[^"\\\\\\r\\n]{1,128}$', description: 'digest realm' }),
  registrationLifetime: Type.Integer({ default: 30, minimum: 10, maximum: 86_400, description: 'seconds granted' }),
  offerTimeout: Type.Integer({ default: 15, minimum: 1, maximum: 300, description: 'seconds a routed offer rings' }),
  ringTimeout: Type.Integer({ default: 60, minimum: 1, maximum: 300, description: 'seconds a direct call rings' }),
  emergencyNumbers: Type.Array(DialledNumber, {
    default: ['112', '911', '999'],
    description: 'calls to these are let in whatever the load, and go out whatever the limits of a trunk',
  }),
  outsideNumbers: Type.Optional(Numbers('numbers outside that DNs may call which name none themselves')),
  outsideCalls: Type.Integer({ default: 10, minimum: 0, description: 'of one DN to the outside, at a time' }),
  outsideCallsPerMinute: Type.Integer({ default: 60, minimum: 1, description: 'of one DN to the outside' }),
  ladderDays: Type.Integer({ default: 7, minimum: 1, maximum: 3650, description: 'ladders are kept so long' }),
  ladderMegabytes: Type.Integer({ default: 1000, minimum: 1, description: 'and at most so much of them' }),
  ladderKilobytesPerSecond: Type.Integer({
    default: 4000,
    minimum: 1,
    description: 'of each process: above it a share of the calls has a ladder, half, a quarter, …',
  }),
  captureServer: Type.Optional(
    Type.String({
      pattern: '^(\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9A-Fa-f:.]+\\]):\\d{1,5}$',
      description:
        'numeric address and UDP port of a HEP3 capture server, which is told what proxies and the outside say',
    }),
  ),
  captureAgent: Type.Integer({
    default: 1,
    minimum: 0,
    maximum: 4_294_967_295,
    description: 'by which the capture server tells its agents apart',
  }),
  maskDigits: Type.Boolean({ default: false, description: 'digits that callers enter are masked in ladders' }),
})
export type Settings = Static<typeof Settings>

/** Everything configured: what a YAML file says once ranges are expanded and secrets turned into hashes. */
export type Objects = {
  settings: Settings
  persons: readonly Person[]
  dns: readonly DN[]
  routingPoints: readonly RoutingPoint[]
  services: readonly ServiceNumber[]
  trunks: readonly Trunk[]
  skills: readonly Skill[]
  strategies: readonly Strategy[]
}

export type Kind = Exclude<keyof Objects, 'settings'>
export type ObjectOf<K extends Kind> = Objects[K][number]

/** The key of each kind of object, and its schema. */
export const kinds = {
  persons: { key: 'employeeId', schema: Person },
  dns: { key: 'number', schema: DN },
  routingPoints: { key: 'number', schema: RoutingPoint },
  services: { key: 'number', schema: ServiceNumber },
  trunks: { key: 'name', schema: Trunk },
  skills: { key: 'name', schema: Skill },
  strategies: { key: 'name', schema: Strategy },
} as const

export const kindNames = Object.keys(kinds) as Kind[]

export const keyOf = (kind: Kind, object: ObjectOf<Kind>): string =>
  (object as unknown as Record<string, string>)[kinds[kind].key] ?? ''
