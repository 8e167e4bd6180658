/** The public test suites that developers have beside the repository; nothing of them is part of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const place = process.env.RINGMAIN_TESTDATA ?? join(process.cwd(), '../shared/testdata')

/** Whether a suite is there; says so where it is not, since its tests are then skipped. */
export function hasSuite(suite: string): boolean {
  const there = existsSync(join(place, suite))
  if (!there) console.warn(`${suite} is not tested: ${place} is not there (RINGMAIN_TESTDATA names another place)`)
  return there
}

export const filesOf = (suite: string): string[] => readdirSync(join(place, suite)).sort()

export const readSuite = (suite: string, file: string): Buffer => readFileSync(join(place, suite, file))
