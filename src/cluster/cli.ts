#!/usr/bin/env node
/** The `ringmain` command: noun and verb to what does it. What is not built yet says so and exits 69. */
process.stderr.write('ringmain: not available yet\n')
process.exitCode = 69
