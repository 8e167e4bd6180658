/** Which versions of the foreign programs are installed, by their own word. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

function versionBy(command: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return /\d+(?:\.\d+)+/.exec(`${stdout}\n${stderr}`)?.[0] ?? 'unknown'
}

function versionOfPackage(name: string): string {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }
  return version
}

export const versions = {
  baresip: () => versionBy('baresip', '-h'),
  SIPp: () => versionBy('sipp', '-v'),
  Kamailio: () => versionBy('kamailio', '-v'),
  JsSIP: () => `${versionOfPackage('jssip')} in Chromium ${versionBy('chromium', '--version')}`,
  Twinkle: () => versionBy('dpkg-query', '-W', 'twinkle-console'),
  sipsak: () => versionBy('sipsak', '-V'),
}
