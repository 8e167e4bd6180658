/** A CommonJS package and all that it requires, as one script for a page: what a bundler would make of it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The expression sets `globalThis[name]` to what the package exports. */
export function pageScriptOf(packageName: string, name: string): string {
  const entry = createRequire(import.meta.url).resolve(packageName)
  const modules = new Map<string, string>()
  collect(entry, modules)
  return `(() => {
const modules = {${[...modules].map(([file, text]) => `${JSON.stringify(file)}: ${text}`).join(',\n')}}
const loaded = {}
function loadModule(file) {
  if (file in loaded) return loaded[file].exports
  const module = (loaded[file] = { exports: {} })
  modules[file](module, module.exports)
  return module.exports
}
globalThis[${JSON.stringify(name)}] = loadModule(${JSON.stringify(entry)})
})()`
}

/** Reads a module, as a function of `module` and `exports` that loads others by their files, and those it requires. */
function collect(file: string, modules: Map<string, string>): void {
  if (modules.has(file)) return
  modules.set(file, '')
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.json')) return void modules.set(file, `(module) => { module.exports = ${text} }`)
  const { resolve } = createRequire(file)
  const whole = text.replaceAll(/\brequire\(['"]([^'"]+)['"]\)/g, (call, wanted: string) => {
    const found = find(resolve, wanted)
    if (found === undefined) return call
    collect(found, modules)
    return `loadModule(${JSON.stringify(found)})`
  })
  modules.set(file, `(module, exports) => {${whole}\n}`)
}

/** None for a module of Node.js, which a page never comes to. The end `/` names the package where both are there. */
function find(resolve: NodeJS.RequireResolve, wanted: string): string | undefined {
  try {
    return resolve(wanted.startsWith('.') ? wanted : `${wanted}/`)
  } catch {
    return undefined
  }
}
