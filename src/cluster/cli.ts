#!/usr/bin/env node
/** The `ringmain` command: noun and verb to what does it. */
import { ringmain } from './cli/ringmain.ts'
import { processTerminal } from './cli/terminal.ts'

process.exitCode = await ringmain(process.argv.slice(2), processTerminal)
