#!/usr/bin/env node
/** The `ringmain` command: noun and verb to what does it. */
import { ringmain } from './cli/ringmain.ts'
import { processTerminal } from './cli/terminal.ts'

// Whoever reads no further, as "head" does, has what he wants.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
process.exitCode = await ringmain(process.argv.slice(2), processTerminal)
