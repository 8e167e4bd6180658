/** `npm run sim`: simulation from a seed, with faults. What runs today are the tests in `test/simulation/`. */
process.stderr.write('npm run sim: not available yet\n')
process.exitCode = 69
