// Removes the build, so that no deleted source or test lives on in it.
import { rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
