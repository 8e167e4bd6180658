/** Bans of SIP sources: as proxies announce them, as operators order them, and as the HTTP API tells them. */
import { type Static, Type } from 'typebox'
import { closed, Time } from './shape.ts'

/** Under `ban/<dc>/<proxy>` a proxy announces whom it has banned by itself. */
export const banKeys = 'ban/'

/** What operators have ordered stands here, for every proxy. */
export const banOrdersKey = 'ban-orders'

const Source = Type.String({
  minLength: 2,
  maxLength: 64,
  description: 'an address, or a range as 192.0.2.0/24',
})

/** What a proxy has banned by itself, of an address or an IPv6 network. */
export const BanAtProxy = closed({
  source: Source,
  over: Type.Enum(['datagrams', 'connections'], {
    description: 'datagrams show not who sent them, so connections from the same address are heard, and the other way',
  }),
  because: Type.String(),
  until: Time,
})
export type BanAtProxy = Static<typeof BanAtProxy>

export const OrderedBan = closed({
  source: Source,
  because: Type.String({ description: 'in the words of who ordered it' }),
  by: Type.String({ description: 'who ordered it' }),
  until: Time,
})
export type OrderedBan = Static<typeof OrderedBan>

export type BanOrders = {
  readonly bans: readonly OrderedBan[]
  /** Whose own bans the proxies lift, each once by its id; the newest ones. */
  readonly lifts: readonly { readonly id: string; readonly source: string }[]
}

export const noOrders: BanOrders = { bans: [], lifts: [] }

export const BanRequest = closed({
  source: Source,
  seconds: Type.Integer({ default: 3600, minimum: 1, maximum: 2_678_400, description: 'at most 31 days' }),
  because: Type.String({
    default: 'an operator wants it',
    minLength: 1,
    maxLength: 200,
    description: 'why, in 1 to 200 letters',
  }),
  force: Type.Boolean({
    default: false,
    description: 'also where it silences the cluster itself, a trunk, or a large part of all addresses',
  }),
})
export type BanRequest = Static<typeof BanRequest>

export const Ban = closed({
  source: Source,
  of: Type.Enum(['everything', 'datagrams', 'connections'], { description: 'what of it is not heard' }),
  because: Type.String(),
  until: Time,
  by: Type.Optional(Type.String({ description: 'the operator who ordered it, at every proxy' })),
  proxies: Type.Array(Type.String(), { description: 'which proxies banned it by themselves' }),
})
export type Ban = Static<typeof Ban>
