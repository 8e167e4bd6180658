/**
 * A vitest reporter: writes into docs/interop.md what the tests that ran have proved. Proofs of tests that did not run, be it
 * that their file was not asked for or they were filtered out, stay.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import { versions } from '../../peers/versions.ts'
import { after, declaredIn, documentOf, documentPath, keyOf, type Proof, proofsIn, testOf } from './document.ts'
import type { Peer } from './matrix.ts'

export default class InteropReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const leftOut = tests.filter(isLeftOut).map((test) => testOf({ file: fileOf(test.module), test: nameOf(test) }))
    const run = { files: new Set(modules.map(fileOf)), leftOut: new Set(leftOut), proofs: provedBy(tests) }
    const declared = new Set(declaredIn('test').map(keyOf))
    const proofs = after(run, proofsIn(readFileSync(documentPath, 'utf8')))
    writeFileSync(documentPath, documentOf(proofs.filter((proof) => declared.has(keyOf(proof)))))
  }
}

/** `dist/test/interop/phone.test.js` was made of `test/interop/phone.test.ts`. */
const fileOf = ({ moduleId }: TestModule): string => relative('dist', moduleId).replace(/\.js$/, '.ts')
const nameOf = ({ fullName }: TestCase): string => fullName.replaceAll('|', '/')

/** Passed over by a filter, not because what was to be set up for it failed. */
const isLeftOut = (test: TestCase): boolean => test.result().state === 'skipped' && !isBroken(test.parent)

const isBroken = (suite: TestSuite | TestModule): boolean =>
  suite.errors().length > 0 || (suite.type === 'suite' && isBroken(suite.parent))

function provedBy(tests: readonly TestCase[]): Proof[] {
  const known = new Map<Peer, string>()
  return tests.flatMap((test) => {
    const { proves } = test.meta()
    if (proves === undefined || test.result().state !== 'passed') return []
    const { peer } = proves
    const version = known.get(peer) ?? versions[peer]()
    known.set(peer, version)
    return proves.features.map((feature) => ({ peer, version, feature, file: fileOf(test.module), test: nameOf(test) }))
  })
}
