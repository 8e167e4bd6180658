/** Makes a directory with its parents. Node's own `recursive` never returns where a file system makes none, as /proc. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DirectoryNotWritable } from '../errors.ts'

/** Throws `DirectoryNotWritable`, and what else the system says but that it is there. */
export async function makeDirectory(path: string): Promise<void> {
  if ((await attempt(path)) !== 'no parent') return
  await makeDirectory(dirname(path))
  if ((await attempt(path)) !== 'no parent') return
  throw new DirectoryNotWritable(dirname(path), 'no directory can be made there')
}

async function attempt(path: string): Promise<'there' | 'no parent'> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) return 'no parent'
    if (code !== 'EEXIST') throw error
  }
  return 'there'
}
