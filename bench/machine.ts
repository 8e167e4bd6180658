/** What figures are good for nothing without: the machine, and the versions of what was measured on it. */
import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

export type Machine = {
  readonly processor: string
  readonly cores: number
  readonly memoryGB: number
  readonly kernel: string
  readonly node: string
  /** Those that are there, each with its version. */
  readonly peers: string
}

export const thisMachine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  peers: [
    version('Kamailio', 'kamailio', /version: kamailio (\S+)/),
    version('rtpengine', 'rtpengine', /Version: (\d[\d.]*\d)/),
    version('SIPp', 'sipp', /SIPp v([\d.]+)/),
  ]
    .flat()
    .join(', '),
})

function version(name: string, command: string, pattern: RegExp): string[] {
  const { stdout, stderr } = spawnSync(command, ['-v'], { encoding: 'utf8' })
  const found = pattern.exec(`${stdout}${stderr}`)?.[1]
  return found === undefined ? [] : [`${name} ${found}`]
}
