/** Configuration of a media server. */
import { type Static, Type } from 'typebox'

const port = (description: string, from: number, otherwise?: number) =>
  Type.Integer({
    minimum: from,
    maximum: 65_535,
    description,
    ...(otherwise === undefined ? {} : { default: otherwise }),
  })

const addresses = (options: { readonly description: string; readonly default?: string[] }) =>
  Type.Array(Type.String(), { minItems: 1, maxItems: 2, ...options })

export const Config = Type.Object(
  {
    name: Type.String({ default: 'media1', minLength: 1, description: 'unique in its data centre' }),
    dc: Type.String({ minLength: 1, description: 'its data centre' }),
    listen: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1', description: 'numeric address for SIP over UDP and TCP' }),
        port: port('0 takes a free one, which is announced', 0, 0),
      },
      { additionalProperties: false, default: {} },
    ),
    rtp: Type.Object(
      {
        hosts: addresses({
          default: ['127.0.0.1'],
          description: 'numeric addresses for RTP: IPv4, IPv6 or one of each',
        }),
        first: port('first UDP port for RTP; even ones are used', 1024, 20_000),
        last: port('last UDP port for RTP', 1024, 29_999),
      },
      { additionalProperties: false, default: {} },
    ),
    advertise: Type.Optional(
      addresses({ description: 'numeric addresses under which others reach it, where those are not what it binds' }),
    ),
    workers: Type.Integer({ default: 1, minimum: 1, maximum: 64, description: 'threads for RTP: one for each core' }),
    prompts: Type.Array(Type.String(), {
      default: ['assets/prompts', 'assets/music'],
      description: 'directories of WAV files: 8 kHz, one channel, linear 16-bit, A-law or µ-law',
    }),
    capacity: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'legs at once; half as many as there are RTP ports unless given, since further legs of their conferences come on top',
      }),
    ),
    silenceSeconds: Type.Integer({
      default: 20,
      minimum: 1,
      maximum: 3600,
      description: 'without RTP for so long, though it should come, the controller is told',
    }),
  },
  { additionalProperties: false },
)
export type Config = Static<typeof Config>
