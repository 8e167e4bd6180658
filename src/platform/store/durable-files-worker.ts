/**
 * Makes PGlite's files as durable as PostgreSQL's: what it asks to be forced to the disk is. PGlite lets those calls
 * come to nothing; what the spool gives up after a commit must survive a power loss.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'

/** As far as we reach into Emscripten's file system on Node.js. */
type Stream = { readonly nfd?: number; readonly node: object }
type NodeFS = { readonly stream_ops: { fsync?: (stream: Stream) => number }; realPath(node: object): string }

export function makeDurable(database: PGlite): void {
  const { NODEFS } = database.Module as unknown as { NODEFS: NodeFS }
  NODEFS.stream_ops.fsync = (stream) => {
    // Directories are opened without a descriptor: their names must survive too.
    if (stream.nfd === undefined) syncPath(NODEFS.realPath(stream.node))
    else fsyncSync(stream.nfd)
    return 0
  }
}

/**
 * Everything in a directory and its name in it: a new database is copied into place without a sync. That takes a
 * second or two and is done while the database is used already.
 */
export async function syncTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(unlessGone)
  for (const entry of entries ?? []) {
    const path = join(directory, entry.name)
    await (entry.isDirectory() ? syncTree(path) : sync(path))
  }
  await sync(directory)
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r').catch(unlessGone)
  await file?.sync().finally(() => file.close())
}

/** Files come and go meanwhile; what is made from now on is synced by the database itself. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

export function syncPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
