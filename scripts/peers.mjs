// The programs our tests talk to, from Debian. Installs those that are missing, as root or through sudo.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Command → Debian package. */
const peers = {
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  kamailio: 'kamailio',
  dnsmasq: 'dnsmasq-base',
  sipsak: 'sipsak',
  'twinkle-console': 'twinkle-console',
  chromium: 'chromium',
  tshark: 'tshark',
  sngrep: 'sngrep',
  rtpengine: 'rtpengine-daemon',
}

/** Part of a program → Debian package: a module of Kamailio is no command. */
const parts = { 'kamailio/modules/tls.so': 'kamailio-tls-modules' }

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
const found = (command) =>
  folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Debian keeps libraries in a folder for each kind of machine. */
const hasPart = (part) =>
  ['/usr/lib', '/usr/local/lib'].some(
    (folder) =>
      existsSync(join(folder, part)) ||
      (existsSync(folder) && readdirSync(folder).some((name) => existsSync(join(folder, name, part)))),
  )

/** The exit status: 0 when every peer is there afterwards. */
export function installPeers() {
  const missing = [
    ...Object.entries(peers).filter(([command]) => !found(command)),
    ...Object.entries(parts).filter(([part]) => !hasPart(part)),
  ]
  if (missing.length === 0) return 0
  const packages = missing.map(([, name]) => name)
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  const root = process.getuid?.() === 0
  if (!found('apt-get') || !(root || found('sudo'))) {
    console.error(`the tests need ${missing.map(([command]) => command).join(', ')}; on Debian, as root: ${install}`)
    return 1
  }
  console.log(`— test peers that are missing: ${packages.join(' ')}`)
  const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=900', '-q']
  const command = root ? apt : ['sudo', '-n', ...apt]
  const call = (...args) =>
    spawnSync(command[0], [...command.slice(1), ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status ?? 1
  const status = call('update') || call('install', '-y', '--no-install-recommends', ...packages)
  if (status !== 0) console.error(`could not install the test peers; as root: apt-get update && ${install}`)
  return status
}
