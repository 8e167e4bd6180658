/** What has its name already and is not built yet: it says so, and does not pretend. */
import { HttpProblem } from '#platform/http/errors.ts'
import type { HttpApp } from '#platform/http/server.ts'
import type { Access } from '../access.ts'

const missing = [
  ['POST', '/api/v1/nodes'],
  ['POST', '/api/v1/nodes/:node/drain'],
  ['POST', '/api/v1/nodes/:node/undrain'],
  ['POST', '/api/v1/nodes/:node/switchover'],
  ['GET', '/api/v1/dcs'],
  ['POST', '/api/v1/dcs/:dc/drain'],
  ['POST', '/api/v1/dcs/:dc/declare-lost'],
] as const

export function notYetRoutes(app: HttpApp, access: Access) {
  for (const [method, url] of missing)
    app.route({
      method,
      url,
      schema: { tags: ['not available yet'], summary: 'Not available yet: answers 501' },
      handler: (request) => {
        access.administrator(request)
        throw new HttpProblem('not-available-yet', `${method} ${request.url.split('?')[0]} is not available yet`)
      },
    })
}
