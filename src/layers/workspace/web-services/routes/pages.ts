/** The pages: plain files, read once, served from memory. */
import { createHash } from 'node:crypto'
import type { HttpApp } from '#platform/http/server.ts'
import type { Disk } from '#platform/runtime/runtime.ts'

export type Page = { readonly path: string; readonly type: string; readonly bytes: Buffer; readonly etag: string }

const types = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['svg', 'image/svg+xml'],
])

/** Every file of the directory; none when it is not there. */
export async function readPages(disk: Disk, directory: string): Promise<Page[]> {
  const names = (await disk.list(directory)).filter((name) => types.has(extensionOf(name)))
  return Promise.all(
    names.map(async (name) => {
      const bytes = await disk.read(`${directory}/${name}`)
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
      const path = name === 'index.html' ? '/' : `/${name}`
      return { path, type: types.get(extensionOf(name)) ?? '', bytes, etag }
    }),
  )
}

const extensionOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

export function pageRoutes(app: HttpApp, pages: readonly Page[]) {
  for (const { path, type, bytes, etag } of pages)
    app.get(path, { schema: { hide: true } }, (request, reply) => {
      reply.header('ETag', etag).header('Cache-Control', 'no-cache')
      if (request.headers['if-none-match'] === etag) return reply.status(304).send()
      return reply.type(type).send(bytes)
    })
}
