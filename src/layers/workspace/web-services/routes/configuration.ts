/** The configuration objects, for administrators: read, compare, change. */
import { type Static, type TSchema, Type } from 'typebox'
import { HttpProblem } from '#platform/http/errors.ts'
import type { HttpApp } from '#platform/http/server.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Entries } from '#protocols/model/entries.ts'
import type { Fault } from '#protocols/model/faults.ts'
import { closed } from '#protocols/model/http/shape.ts'
import { kindNames } from '#protocols/model/objects.ts'
import { type Applied, ConfigurationRefused, type ConfigurationWriter } from '#protocols/model/writer.ts'
import type { Access } from '../access.ts'
import { answers, signedIn } from './route.ts'

export type ConfigurationServices = {
  readonly access: Access
  readonly configuration: ConfigurationSource
  readonly writer: ConfigurationWriter | undefined
}

/** What each object must look like is said by the Config Server, with kind, key and property. */
const AnyObject = Type.Record(Type.String(), Type.Unknown())
const list: Record<string, TSchema> = Object.fromEntries(
  kindNames.map((kind) => [kind, Type.Optional(Type.Array(AnyObject))]),
)
const Wanted = closed({
  entries: closed({ settings: Type.Optional(AnyObject), ...list }),
  prune: Type.Boolean({ default: false, description: 'removes every object that is not named' }),
})
const Change = Type.Object({
  action: Type.Enum(['added', 'changed', 'removed']),
  kind: Type.String(),
  key: Type.Optional(Type.String()),
  properties: Type.Optional(Type.Array(Type.String())),
})
const Changes = closed({ revision: Type.Integer(), changes: Type.Array(Change) })
const Everything = closed({ revision: Type.Integer(), objects: AnyObject })

/** Thousands of objects in one request. */
const bodyLimit = 32 * 1024 * 1024

export function configurationRoutes(app: HttpApp, { access, configuration, writer }: ConfigurationServices) {
  app.get(
    '/api/v1/config',
    {
      schema: {
        tags: ['configuration'],
        summary: 'All configuration objects, hashes of secrets included: administrators',
        response: answers(200, 'the objects', Everything),
        ...signedIn,
      },
    },
    (request, reply) => {
      access.administrator(request)
      reply.header('Cache-Control', 'no-store')
      const { revision, objects } = configuration.current()
      return { revision, objects }
    },
  )

  const change = (verb: 'apply' | 'preview', summary: string) =>
    app.post(
      `/api/v1/config/${verb}`,
      {
        bodyLimit,
        schema: {
          tags: ['configuration'],
          summary,
          body: Wanted,
          response: answers(200, 'what differs, and the revision', Changes),
          ...signedIn,
        },
      },
      async (request) => {
        access.administrator(request)
        if (!writer) throw new HttpProblem('unavailable', 'the configuration cannot be changed here')
        const { entries, prune } = request.body as Static<typeof Wanted>
        return told(writer[verb](entries as Entries, { prune }))
      },
    )
  change('apply', 'Adds and replaces objects, all or none')
  change('preview', 'What applying these objects would change')
}

async function told(applying: Promise<Applied>): Promise<Applied> {
  try {
    return await applying
  } catch (error) {
    if (!(error instanceof ConfigurationRefused)) throw error
    throw new HttpProblem('invalid-request', error.message, { reason: 'refused', faults: error.faults.map(placed) })
  }
}

const placed = ({ kind, key, property, message }: Fault) => ({
  path: [kind, key, property].filter((part) => part !== undefined),
  isKey: false,
  message,
  remedy: 'nothing was changed',
})
