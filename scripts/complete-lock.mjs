// npm may leave the packages of other platforms out of package-lock.json, and `npm ci` then refuses the lock there.
// This adds them from each parent's optionalDependencies. Run it after every `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const packages = lock.packages

function platform(name) {
  const os = /(android|darwin|freebsd|linux|win32|openharmony|sunos|aix|netbsd|openbsd)/.exec(name)?.[1]
  const cpu = /(arm64|x64|ia32|arm|ppc64|riscv64|s390x)/.exec(name.replace(os ?? '', ''))?.[1]
  const libc = /musl/.test(name) ? ['musl'] : /gnu/.test(name) ? ['glibc'] : undefined
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && os === 'linux' && { libc }) }
}

let added = 0
for (const [path, entry] of Object.entries({ ...packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`
    if (packages[at] || packages[`${path}/node_modules/${name}`] || !/^\d/.test(version)) continue
    packages[at] = { version, optional: true, ...(entry.dev && { dev: true }), ...platform(name) }
    added++
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(`added ${added}`)
