/** What `ringmain doctor` says of the certificate in a data directory. */
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from './doctor-command.ts'

const check = 'certificate of TLS'
const day = 86_400_000
/** Time enough for people to see to it. */
const soon = 14

/** `now`: milliseconds since 1970. */
export async function certificate(data: string, now: number): Promise<Finding> {
  const path = join(data, 'tls/certificate.pem')
  const key = join(data, 'tls/key.pem')
  const pem = await readFile(path).catch(() => undefined)
  const hasKey = existsSync(key)
  if (pem === undefined && !hasKey) return { check, verdict: 'ok', found: `${path} is made at the first start` }
  if (pem === undefined) return alone(key, path)
  if (!hasKey) return alone(path, key)
  const read = parsed(pem)
  if (read === undefined)
    return {
      check,
      verdict: 'failed',
      found: `${path} is no certificate in PEM`,
      remedy: 'put one there, or remove it',
    }
  const days = Math.floor((Date.parse(read.validTo) - now) / day)
  const who = read.checkIssued(read) ? 'self-signed: phones have to be told to believe it' : `of ${read.issuer}`
  const found = `${path}, ${who.replaceAll('\n', ', ')}, ${days < 0 ? 'expired' : `valid for ${days} days`}`
  if (days >= soon) return { check, verdict: 'ok', found }
  const remedy = 'put a new one there with its key: it counts within 30 s, without a restart'
  return { check, verdict: days < 0 ? 'failed' : 'warning', found, remedy }
}

/** The demo does not start then. */
const alone = (there: string, missing: string): Finding => ({
  check,
  verdict: 'failed',
  found: `${missing} is missing beside ${there}`,
  remedy: 'put it there, or move the other away to have both made',
})

function parsed(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
