/**
 * The certificate of the demo's proxies: whoever has one puts it into the data directory; otherwise one is made there that
 * nobody vouches for, and made anew before it expires. What somebody put there is never replaced.
 */
import { join } from 'node:path'
import { BadCertificate, FileNotFound } from '#platform/runtime/errors.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { issueCertificate } from '#platform/tls/issue-certificate.ts'

export type DemoCertificate = {
  /** PEM files. */
  readonly certificate: string
  readonly key: string
  /** Whom to believe, where somebody put it there. */
  readonly authorities?: string
  /** Whether it is the demo's own. */
  readonly selfSigned: boolean
}

const day = 86_400_000
/** Longer ones are refused by some phones even when they are told to believe them. */
const lifetime = 825 * day
const renewal = 30 * day

/** Throws `DirectoryNotWritable`, `BadCertificate`. */
export async function openCertificate(
  { disk, clock, net }: Pick<Runtime, 'disk' | 'clock' | 'net'>,
  directory: string,
): Promise<DemoCertificate> {
  const certificate = join(directory, 'certificate.pem')
  const key = join(directory, 'key.pem')
  const authorities = join(directory, 'authorities.pem')
  const files = { certificate, key, ...((await disk.list(directory)).includes('authorities.pem') && { authorities }) }
  const kept = await readBoth(disk, certificate, key)
  const credentials = kept === undefined ? undefined : net.credentials(kept)
  // One that somebody brought is his to renew.
  const mayRenew = credentials === undefined || (credentials.selfSigned && credentials.subjectAltName === ownNames)
  if (!mayRenew) return { ...files, selfSigned: credentials.selfSigned }
  const now = clock.wall()
  if (credentials === undefined || credentials.validTo - now < renewal) {
    const made = issueCertificate({ ...own, validFrom: now - day, validTo: now + lifetime })
    await disk.replace(key, Buffer.from(made.key), 0o600)
    await disk.replace(certificate, Buffer.from(made.certificate))
  }
  return { ...files, selfSigned: true }
}

const own = {
  commonName: 'Ringmain demo',
  names: ['localhost', 'ringmain'],
  uris: ['sip:ringmain'],
  addresses: ['127.0.0.1', '::1'],
}
const ownNames = 'DNS:localhost, DNS:ringmain, URI:sip:ringmain, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1'

/** Undefined where neither is there. One alone may be a key that is kept nowhere else. */
async function readBoth(disk: Runtime['disk'], certificate: string, key: string) {
  const [first, second] = await Promise.all([read(disk, certificate), read(disk, key)])
  if (first === undefined && second === undefined) return undefined
  if (first === undefined) throw alone(key, certificate)
  if (second === undefined) throw alone(certificate, key)
  return { certificate: first, key: second }
}

const alone = (there: string, missing: string): BadCertificate =>
  new BadCertificate(`${missing} is missing beside ${there}: put it there, or move ${there} away to have both made`)

async function read(disk: Runtime['disk'], path: string): Promise<string | undefined> {
  try {
    return (await disk.read(path)).toString('utf8')
  } catch (error) {
    if (error instanceof FileNotFound) return undefined
    throw error
  }
}
