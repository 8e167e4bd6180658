// A vitest reporter: the closing line `N passed, N failed`. A test file that could not be loaded counts as one failure.
export default class Tally {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'failed') failed++
      }
    }
    process.once('exit', () => console.log(`${passed} passed, ${failed} failed`))
  }
}
