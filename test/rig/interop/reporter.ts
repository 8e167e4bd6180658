/**
 * A vitest reporter: writes into docs/interop.md what the tests that ran have proved. Proofs of tests that did not run, be it
 * that their file was not asked for or they were filtered out, stay.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { versions } from '../../peers/versions.ts'
import { declaredIn, documentOf, documentPath, keyOf, type Proof, proofsIn } from './document.ts'
import type { Peer } from './matrix.ts'

export default class InteropReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const passed = provedBy(tests)
    const ran = new Map(modules.map((module) => [fileOf(module), module]))
    const stays = ({ file, test }: Proof) => !ran.has(file) || isLeftOut(ran.get(file), test)
    const before = proofsIn(readFileSync(documentPath, 'utf8'))
    const declared = new Set(declaredIn('test').map(keyOf))
    const kept = before.filter((proof) => declared.has(keyOf(proof)) && stays(proof))
    writeFileSync(documentPath, documentOf([...kept, ...passed]))
  }
}

/** `dist/test/interop/phone.test.js` was made of `test/interop/phone.test.ts`. */
const fileOf = ({ moduleId }: TestModule): string => relative('dist', moduleId).replace(/\.js$/, '.ts')
const nameOf = ({ fullName }: TestCase): string => fullName.replaceAll('|', '/')

/** Passed over by a filter, not because what was to be set up for it failed. */
function isLeftOut(module: TestModule | undefined, test: string): boolean {
  const found = module && [...module.children.allTests('skipped')].find((one) => nameOf(one) === test)
  return found !== undefined && module?.ok() === true
}

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
