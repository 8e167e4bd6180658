/** `ringmain doctor`: whether this host and the server on it are as they should be. */
import { access, constants, readFile, stat, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { hasLayouts, libc } from '#platform/runtime/node/libc.ts'
import { certificate } from './certificate-check.ts'
import { type ClientOptions, clientCommand, json } from './client-command.ts'
import { examineTrunk } from './doctor-trunk.ts'
import { CommandFailed } from './errors.ts'
import { dataOf } from './server.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `warning`: it works, and will not well; `remedy` says what to do. */
export type Finding = {
  readonly check: string
  readonly verdict: 'ok' | 'warning' | 'failed'
  readonly found: string
  readonly remedy?: string
}

const gibibyte = 1024 ** 3

export function doctorCommand(program: Command, terminal: Terminal): void {
  clientCommand(program, 'doctor', 'checks this host and the server')
    .option('--trunk <name>', 'checks a trunk to a carrier')
    .action(async (options: ClientOptions & { trunk?: string }) => {
      const findings =
        options.trunk === undefined
          ? await hostFindings(options, terminal)
          : await examineTrunk(options.trunk, options, terminal)
      terminal.out(options.json ? json(findings) : table(columns, findings))
      const failed = findings.filter(({ verdict }) => verdict === 'failed')
      if (failed.length > 0) throw new CommandFailed(`${failed.length} of ${findings.length} checks failed`)
    })
}

function hostFindings(options: ClientOptions, terminal: Terminal): Promise<Finding[]> {
  const data = dataOf(options, terminal)
  const host = [nodeVersion(), systemCalls(), memory(), receiveBuffer(), directory(data), token(data)]
  return Promise.all([...host, certificate(data, Date.now()), server(options.url)])
}

const columns = [
  { title: 'check', of: (row: Finding) => row.check },
  { title: 'verdict', of: (row: Finding) => row.verdict },
  { title: 'found', of: (row: Finding) => row.found },
  { title: 'next step', of: (row: Finding) => row.remedy },
]

const ok = (check: string, found: string): Finding => ({ check, verdict: 'ok', found })

async function nodeVersion(): Promise<Finding> {
  const check = 'Node.js'
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return ok(check, process.versions.node)
  return { check, verdict: 'failed', found: process.versions.node, remedy: 'install 20.19 or newer' }
}

/** docs/decisions/0044. */
async function systemCalls(): Promise<Finding> {
  const check = 'system calls for UDP'
  if (libc !== undefined) return ok(check, 'there')
  if (!hasLayouts)
    return ok(check, `not on ${process.platform} ${process.arch}: Node.js reads and sends, at a higher cost`)
  const remedy = 'install with "npm ci", without leaving optional packages out; calls and audio cost more until then'
  return { check, verdict: 'warning', found: 'koffi did not load', remedy }
}

async function memory(): Promise<Finding> {
  const check = 'memory'
  const found = `${(totalmem() / gibibyte).toFixed(1)} GiB`
  if (totalmem() >= 2 * gibibyte) return ok(check, found)
  return { check, verdict: 'warning', found, remedy: 'the embedded database alone takes up to 0.8 GiB' }
}

/** Bursts of packets are lost where the kernel grants sockets less. */
async function receiveBuffer(): Promise<Finding> {
  const check = 'UDP receive buffer'
  const text = await readFile('/proc/sys/net/core/rmem_max', 'utf8').catch(() => undefined)
  if (text === undefined) return ok(check, 'not known on this system')
  const bytes = Number(text)
  if (bytes >= 4 * 1024 * 1024) return ok(check, `${bytes} bytes`)
  const remedy = 'sysctl -w net.core.rmem_max=4194304'
  return { check, verdict: 'warning', found: `${bytes} bytes`, remedy }
}

async function directory(data: string): Promise<Finding> {
  const check = 'data directory'
  try {
    await access(data, constants.W_OK)
    const { bavail, bsize } = await statfs(data)
    const free = `${data}, ${((bavail * bsize) / gibibyte).toFixed(1)} GiB free`
    if (bavail * bsize >= gibibyte) return ok(check, free)
    return { check, verdict: 'warning', found: free, remedy: 'make room, or move it with --data' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ok(check, `${data} is made at the first start`)
    return { check, verdict: 'failed', found: `${data} cannot be written`, remedy: 'name another one with --data' }
  }
}

async function token(data: string): Promise<Finding> {
  const check = 'operator’s token'
  const path = join(data, 'token')
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  )
  if (mode === undefined) return ok(check, `${path} is made at the first start`)
  if ((mode & 0o077) === 0) return ok(check, path)
  const remedy = `chmod 600 ${path}, then have it made anew: remove it and start again`
  return { check, verdict: 'failed', found: `${path} can be read by others`, remedy }
}

async function server(url: string): Promise<Finding> {
  const check = 'server'
  try {
    const response = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(5000) })
    const health = (await response.json()) as { status?: string; reasons?: string[] }
    const found = `${url} is ${health.status ?? response.status}`
    if (response.ok && health.status === 'ok') return ok(check, found)
    return { check, verdict: response.ok ? 'warning' : 'failed', found, remedy: (health.reasons ?? []).join('; ') }
  } catch {
    const remedy = 'start it with "ringmain demo", or name another one with --url'
    return { check, verdict: 'failed', found: `nothing answers at ${url}`, remedy }
  }
}
